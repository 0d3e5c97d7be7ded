"""A model's verdict on a value is that of jsonschema on the document's schema."""

import copy
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.effort import times
from support.json_values import near_values, respell, same

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider

# Names made up at random may be near to those of declared properties.
pytestmark = pytest.mark.filterwarnings("ignore:.*which is sent as it is")

MODELS = [PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider]
PYTHON_NAMES = {
    declared.name
    for model in MODELS
    for declared in model.properties_oapg.values()
    if declared.name != declared.wire_name
}


def _make(make, value):
    """Make a model of a value; gives the model or the error, whose place is one in the value."""
    before = copy.deepcopy(value)
    try:
        made = make(value)
    except (ApiTypeError, ApiValueError) as error:
        place = value
        for key in error.path_to_item:
            place = place[key]
        return None
    finally:
        assert same(value, before)
    assert same(made, value)
    assert hash(made) == hash(make(value))
    return made


@pytest.mark.parametrize("model", MODELS)
def test_a_model_accepts_what_the_document_allows_and_refuses_the_rest(
    model, judge, record_property
):
    """Many values: made from an answer, and from a mapping given by the caller."""
    verdicts = Counter()
    allows = judge(model.__name__)

    @settings(max_examples=times(200))
    @given(near_values(model.__name__))
    def agree(value):
        allowed = allows(value)
        verdicts[allowed] += 1
        assert (_make(model.from_openapi_data_oapg, value) is not None) == allowed
        assert (_make(model, value) is not None) == allowed

    agree()
    record_property("verdicts", [verdicts[True], verdicts[False]])
    assert min(verdicts[True], verdicts[False]) > 0


@settings(max_examples=times(200))
@given(near_values("PipelineRunRequest"), st.randoms(use_true_random=False))
def test_the_spelling_of_declared_names_does_not_matter(value, random):
    spelled = respell(
        value,
        PipelineRunRequest,
        lambda declared: random.choice([declared.name, declared.wire_name]),
    )
    made = _outcome(PipelineRunRequest, value)
    assert _outcome(PipelineRunRequest, spelled) == made
    if isinstance(value, dict):
        assert _outcome(lambda items: PipelineRunRequest(**items), spelled) == made


def _outcome(make, value):
    try:
        return make(value)
    except (ApiTypeError, ApiValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(PYTHON_NAMES))
def test_an_answer_is_read_by_wire_names_only(model, name, judge):
    """There, a property that has the Python name of a declared one is an unknown one."""
    value = {"name": "n", "stepRuns": [], name: []}
    assert judge(model.__name__)(value)
    assert same(model.from_openapi_data_oapg(value), value)
