"""How models are made, read, kept as they are, and changed into others."""

import copy
import itertools
import json
import pickle
from collections import ChainMap, OrderedDict
from dataclasses import asdict, dataclass
from types import MappingProxyType

import pytest
from frozendict import frozendict

from gentrace import models, schemas
from gentrace.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider

WIRE = {
    "name": "answer",
    "stepRuns": [
        {
            "provider": {"name": "openai", "modelParams": {"stop": ["\n"]}, "inputs": {"q": None}},
            "elapsedTime": 1250,
            "startTime": "2023-05-04T09:30:00.125Z",
        },
        {},
    ],
}
PYTHON = {
    "name": "answer",
    "step_runs": [
        {
            "provider": {"name": "openai", "model_params": {"stop": ["\n"]}, "inputs": {"q": None}},
            "elapsed_time": 1250,
            "start_time": "2023-05-04T09:30:00.125Z",
        },
        {},
    ],
}


@dataclass
class Run:
    name: str
    step_runs: list


class Closed(tuple):
    """Whose own code raises."""

    __slots__ = ()

    def __str__(self):
        raise OSError

    __repr__ = __str__


@pytest.fixture
def run():
    return PipelineRunRequest(**PYTHON)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PipelineRunRequest(name="answer", step_runs=PYTHON["step_runs"]),
        lambda: PipelineRunRequest(name="answer", stepRuns=WIRE["stepRuns"]),
        lambda: PipelineRunRequest(**WIRE),
        lambda: PipelineRunRequest(**PYTHON),
        lambda: PipelineRunRequest(WIRE),
        lambda: PipelineRunRequest(PYTHON),
        lambda: PipelineRunRequest(frozendict(PYTHON)),
        lambda: PipelineRunRequest(OrderedDict(PYTHON)),
        lambda: PipelineRunRequest(MappingProxyType(PYTHON)),
        lambda: PipelineRunRequest(ChainMap(PYTHON, {"name": "loses"})),
        lambda: PipelineRunRequest(Run(**PYTHON)),
        lambda: PipelineRunRequest(PipelineRunRequest(WIRE)),
        lambda: PipelineRunRequest(WIRE, name="answer"),
        lambda: PipelineRunRequest({"name": "loses", "step_runs": 1}, **WIRE),
        lambda: PipelineRunRequest({"name": "loses", "stepRuns": 1}, **PYTHON),
        lambda: PipelineRunRequest(name="answer", step_runs=tuple(map(StepRun, WIRE["stepRuns"]))),
        lambda: PipelineRunRequest.from_openapi_data_oapg(WIRE),
        lambda: PipelineRunRequest(PYTHON, cost=schemas.unset),
        lambda: PipelineRunRequest(iter(PYTHON.items())),
        lambda: PipelineRunRequest((pair for pair in WIRE.items()), name="answer"),
    ],
)
def test_a_model_is_made_from_either_spelling_of_a_mapping_or_keywords(make):
    """A keyword wins over an item of the mapping, whichever spelling either has."""
    made = make()
    assert type(made) is PipelineRunRequest
    assert json.loads(json.dumps(made)) == WIRE


def test_a_dataclass_that_holds_models_becomes_a_dict(run):
    """`dataclasses.asdict` makes each dict that it meets anew, from an iterator of pairs."""
    made = asdict(Run("outer", [run]))
    assert made == {"name": "outer", "step_runs": [run]}
    assert type(made["step_runs"][0]) is PipelineRunRequest


def _pairs_that_raise():
    yield "elapsedTime", 1
    raise OSError


@pytest.mark.parametrize(
    ("pairs", "cause"),
    [
        (zip([1], strict=True), ValueError),
        (iter([1]), TypeError),
        (iter([([], 1)]), TypeError),
        (_pairs_that_raise(), OSError),
    ],
)
def test_an_iterator_that_gives_no_pairs_is_refused(pairs, cause):
    with pytest.raises(
        ApiValueError, match=r"^expected a JSON value, got .*, which raised "
    ) as caught:
        StepRun(pairs)
    assert type(caught.value.__cause__) is cause
    assert caught.value.path_to_item == ()


def test_an_iterator_of_pairs_without_end_is_refused():
    with pytest.raises(ApiValueError, match=r"^expected at most 1000000 items: make it a "):
        StepRun(itertools.repeat(("elapsed_time", 1)))


@pytest.mark.parametrize("order", [1, -1])
def test_a_spelling_that_is_unset_is_not_given(order):
    """Also where keywords change what a mapping says."""
    items = dict([("step_runs", [{}]), ("stepRuns", schemas.unset)][::order])
    assert PipelineRunRequest(items, name="n") == {"name": "n", "stepRuns": ({},)}


@pytest.mark.parametrize("model", [StepRun, StepRunProvider, PipelineRunResponse])
def test_an_unknown_property_may_have_any_name(model):
    """That of an argument of a constructor too."""
    names = ["self", "cls", "args", "keywords", "items", "data", "", "a b"]
    items = dict.fromkeys(names, 1)
    assert model(**items) == model(items) == model.fromkeys(names, 1) == items
    assert dict(model(**items)) == items


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: PipelineRunRequest(name="n", step_runs=[], stepRuns=[]),
            "got both 'step_runs' and 'stepRuns', give one of them at $",
        ),
        (
            lambda: PipelineRunRequest({"name": "n", "stepRuns": [], "step_runs": []}),
            "got both 'step_runs' and 'stepRuns', give one of them at $",
        ),
        (
            lambda: PipelineRunRequest(
                name="n", step_runs=[{}, {"provider": {"modelParams": {}, "model_params": {}}}]
            ),
            (
                "got both 'model_params' and 'modelParams', give one of them "
                "at $.stepRuns[1].provider"
            ),
        ),
        (
            lambda: StepRun() | {"elapsed_time": 1, "elapsedTime": 1},
            "got both 'elapsed_time' and 'elapsedTime', give one of them at $",
        ),
    ],
)
def test_both_spellings_at_once_are_an_error_that_names_both(make, text):
    with pytest.raises(ApiValueError) as caught:
        make()
    assert str(caught.value) == text


def test_keys_of_free_form_objects_and_unknown_properties_are_never_renamed():
    mine = {"step_runs": 1, "stepRuns": 2, "elapsed_time": {"model_params": 3}}
    provider = {"model_params": mine, "inputs": mine, "outputs": mine, "extra": mine}
    run = PipelineRunRequest(name="n", step_runs=[{"provider": provider}], more=[mine])
    read = run["stepRuns"][0]["provider"]
    assert read["modelParams"] == read["inputs"] == read["outputs"] == read["extra"] == mine
    assert run["more"] == (mine,)
    assert PipelineRunRequest(name="n", step_runs=[], elapsed_time=1)["elapsed_time"] == 1


def test_a_misspelt_keyword_is_kept_as_an_unknown_property():
    assert PipelineRunRequest(name="n", step_runs=[], nmae="x")["nmae"] == "x"


def test_declared_properties_are_read_by_wire_name_and_by_attribute(run):
    assert run.name == run["name"] == run.get_item_oapg("name") == "answer"
    assert run.step_runs is run["stepRuns"] is run.get_item_oapg("stepRuns")
    first = run.step_runs[0]
    assert first.provider is first["provider"]
    assert first.provider.model_params == first["provider"]["modelParams"] == {"stop": ("\n",)}
    assert first.elapsed_time == first.get("elapsedTime") == 1250
    assert {type(each) for each in run.step_runs} == {StepRun}
    assert type(first.provider) is StepRunProvider


@pytest.mark.parametrize(
    ("model", "wire_name"),
    [
        (model, wire_name)
        for model in (StepRun, StepRunProvider, PipelineRunResponse)
        for wire_name in model.properties_oapg
    ],
)
def test_an_absent_optional_property_is_unset_and_raises_key_error_by_item(model, wire_name):
    empty = model()
    name = model.properties_oapg[wire_name].name
    assert getattr(empty, name) is schemas.unset
    assert empty.get_item_oapg(wire_name) is schemas.unset
    assert wire_name not in empty
    with pytest.raises(KeyError) as caught:
        empty[wire_name]
    assert type(caught.value) is ApiKeyError
    assert wire_name in str(caught.value)


def test_a_name_that_is_not_there_is_an_error_that_names_the_like(run):
    with pytest.raises(ApiKeyError, match=r"^PipelineRunRequest has no 'step_runs': .* 'stepRuns'"):
        run["step_runs"]
    with pytest.raises(ApiKeyError, match=r"^PipelineRunRequest has no 'zzz'$"):
        run["zzz"]
    with pytest.raises(ApiKeyError, match=r"^StepRun has no 'elapsedTime'$"):
        StepRun()["elapsedTime"]
    with pytest.raises(ApiKeyError, match=r"^StepRun has no 'elapsed_time': .* 'elapsedTime'\?$"):
        StepRun()["elapsed_time"]
    with pytest.raises(ApiKeyError, match=r"has no int 3$"):
        run[3]
    with pytest.raises(ApiKeyError, match=r"has no Closed <Closed instance at 0x\w+>$"):
        run[Closed()]
    with pytest.raises(ApiAttributeError, match=r"has no 'step_run': did you mean 'step_runs'\?"):
        run.step_run  # noqa: B018 - reading it is the test
    assert not hasattr(run, "cost")


def test_a_class_attribute_describes_the_property():
    assert StepRun.elapsed_time.wire_name == "elapsedTime"
    assert StepRun.elapsed_time is StepRun.properties_oapg["elapsedTime"]
    assert StepRun.elapsed_time.description == "How long the step took, in milliseconds."
    for name in models.__all__:
        model = getattr(models, name)
        for wire_name, declared in model.properties_oapg.items():
            assert getattr(model, declared.name) is declared
            assert declared.wire_name == wire_name


def test_unset_means_absent():
    assert StepRun(elapsed_time=schemas.unset) == StepRun({"elapsedTime": schemas.unset}) == {}
    assert StepRun(x=schemas.unset, elapsed_time=1) == {"elapsedTime": 1}
    run = PipelineRunRequest(
        name="n", step_runs=[{"provider": schemas.unset, "x": {"y": schemas.unset, "z": 1}}]
    )
    assert run == {"name": "n", "stepRuns": ({"x": {"z": 1}},)}
    for make in (
        lambda: PipelineRunRequest(name=schemas.unset, step_runs=[]),
        lambda: PipelineRunRequest(run, name=schemas.unset),
        lambda: run.set("name", schemas.unset),
    ):
        with pytest.raises(ApiTypeError, match=r"^missing the required property 'name' at \$$"):
            make()
    with pytest.raises(ApiTypeError, match=r"unset: it only stands for an absent property"):
        StepRun(x=[schemas.unset])


@pytest.mark.parametrize("name", ["elapsed_time", "elapsedTime"])
@pytest.mark.parametrize("other", [{}, {"start_time": "2023-05-04T09:30:00Z"}])
def test_a_property_made_unset_is_absent_whatever_its_spelling_and_its_neighbours(name, other):
    """And one that is unset by the one of its names is given by the other alone."""
    changes = {name: schemas.unset} | other
    expected = StepRun(other)
    step = StepRun(elapsed_time=1)
    for derived in (
        StepRun({"elapsedTime": 1}, **changes),
        StepRun({"elapsed_time": 1}, **changes),
        StepRun(step, **changes),
        step | changes,
        step.set(name, schemas.unset) | other,
        StepRun(other).setdefault(name, schemas.unset),
    ):
        assert derived == expected
        assert type(derived) is StepRun
    both = dict.fromkeys(("elapsed_time", "elapsedTime"), 1)
    assert StepRun(both | {name: schemas.unset}) == {"elapsedTime": 1}
    assert StepRun({name: schemas.unset} | both | {name: schemas.unset}) == {"elapsedTime": 1}


def test_unset_is_false_and_the_only_one_of_its_kind():
    assert not schemas.unset
    assert repr(schemas.unset) == "unset"
    assert isinstance(schemas.unset, schemas.Unset)
    assert copy.copy(schemas.unset) is copy.deepcopy([schemas.unset])[0] is schemas.unset
    assert pickle.loads(pickle.dumps(schemas.unset)) is schemas.unset  # noqa: S301 - our own
    assert schemas.unset is not None
    assert schemas.Unset() is schemas.unset


def test_a_model_is_a_frozendict_that_nothing_changes(run):
    assert isinstance(run, frozendict)
    for change, error in (
        (lambda: run.__setitem__("name", "x"), ApiTypeError),
        (lambda: run.__delitem__("name"), ApiTypeError),
        (lambda: run.update(name="x", self=1), ApiAttributeError),
        (lambda: run.pop("name"), ApiAttributeError),
        (run.popitem, ApiAttributeError),
        (run.clear, ApiAttributeError),
        (lambda: setattr(run, "name", "x"), ApiAttributeError),
        (lambda: delattr(run, "name"), ApiAttributeError),
        (lambda: setattr(run, "cost", 1), ApiAttributeError),
    ):
        with pytest.raises(
            error,
            match=r"^a PipelineRunRequest cannot change: "
            r"its set\(name, value\) and delete\(name\) make another$",
        ):
            change()
    for change in (
        lambda: run.step_runs[0].__setitem__("x", 1),
        lambda: run.step_runs[0].provider.inputs.__setitem__("x", 1),
        lambda: run.step_runs.__setitem__(0, 1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()
    assert json.loads(json.dumps(run)) == WIRE
    assert type(run.step_runs) is tuple
    assert type(run.step_runs[0].provider.inputs) is frozendict
    assert type(run.step_runs[0].provider.model_params["stop"]) is tuple


def test_a_model_is_detached_from_what_it_was_made_from():
    given = copy.deepcopy(PYTHON)
    run = PipelineRunRequest(given)
    assert given == PYTHON
    given["step_runs"][0]["provider"]["model_params"]["stop"].append("x")
    given["step_runs"].clear()
    assert json.loads(json.dumps(run)) == WIRE


def test_a_model_inside_of_free_form_content_becomes_a_plain_object():
    inner = StepRun(provider={"inputs": {"a": 1}})
    outer = StepRun(provider={"inputs": {"run": inner}})
    read = outer.provider.inputs["run"]
    assert read == inner
    assert type(read) is type(read["provider"]) is frozendict


def test_models_compare_hash_pickle_and_copy(run):
    twin = PipelineRunRequest(WIRE)
    assert run == twin
    assert hash(run) == hash(twin)
    assert {run: 1}[twin] == 1
    assert run != run.set("name", "other")
    assert run != 1
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(run, protocol))  # noqa: S301 - our own
        assert loaded == run
        assert type(loaded) is PipelineRunRequest
        assert type(loaded.step_runs[0].provider) is StepRunProvider
    for copied in (copy.copy(run), copy.deepcopy(run), run.copy(), copy.deepcopy([run])[0]):
        assert copied == run
        assert type(copied) is PipelineRunRequest


def test_an_answer_pickles_whatever_names_it_has():
    answer = PipelineRunResponse.from_openapi_data_oapg(
        {"pipelineRunId": "a", "pipeline_run_id": "b"}
    )
    loaded = pickle.loads(pickle.dumps(answer))  # noqa: S301 - our own
    assert type(loaded) is PipelineRunResponse
    assert loaded == answer == {"pipelineRunId": "a", "pipeline_run_id": "b"}


def test_a_model_shows_its_class_and_its_content(run):
    shown = repr(run)
    assert shown.startswith("PipelineRunRequest({'name': 'answer',\n 'stepRuns': [{'provider': {")
    assert "frozendict" not in shown
    assert eval(shown) == run  # noqa: S307 - our own


def test_a_subclass_of_a_model_has_its_properties():
    class Traced(StepRun):
        __slots__ = ()

    assert Traced(elapsed_time=1.0).elapsed_time == 1
    with pytest.raises(ApiTypeError):
        Traced(elapsed_time="1")
    run = PipelineRunRequest(name="n", step_runs=[Traced(elapsed_time=1)])
    assert run.step_runs[0].elapsed_time == 1
