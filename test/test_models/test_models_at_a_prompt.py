"""What people at a prompt see of models, and of names that are nearly declared ones."""

import inspect
import json
import pprint
import pydoc
import warnings

import pytest

from gentrace import models, schemas
from gentrace.exceptions import ApiTypeError
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider
from gentrace.schemas import REQUEST_RULES, ObjectSchema

RUN = PipelineRunRequest(name="answer", step_runs=[{"provider": {"inputs": {"q": ["é", None]}}}])


@pytest.mark.parametrize("name", models.__all__)
def test_the_signature_has_the_declared_keywords(name):
    """Required ones have no default; other keywords are kept as unknown properties."""
    model = getattr(models, name)
    *declared, others = inspect.signature(model).parameters.values()
    assert others.kind is inspect.Parameter.VAR_KEYWORD
    assert [(each.name, each.default is each.empty) for each in declared] == [
        (each.name, each.required) for each in model.properties_oapg.values()
    ]
    assert {each.default for each in declared} <= {inspect.Parameter.empty, schemas.unset}


@pytest.mark.parametrize("name", models.__all__)
def test_help_says_meaning_and_unit(name):
    model = getattr(models, name)
    shown = pydoc.plain(pydoc.render_doc(model))
    for declared in model.properties_oapg.values():
        assert f" |  {declared.name}\n |      {declared.description}\n" in shown


def test_nothing_sets_a_property():
    step = StepRun(elapsed_time=1)
    with pytest.raises(AttributeError, match="read-only"):
        object.__setattr__(step, "elapsed_time", 2)
    assert step.elapsed_time == 1


def test_a_model_becomes_a_dict_that_may_be_changed_and_json():
    copied = RUN.to_dict()
    assert copied == {"name": "answer", "stepRuns": [{"provider": {"inputs": {"q": ["é", None]}}}]}
    copied["stepRuns"][0]["provider"]["inputs"]["q"].append(1)
    assert json.loads(RUN.to_json()) != copied
    assert (
        RUN.to_json() == '{"name":"answer","stepRuns":[{"provider":{"inputs":{"q":["é",null]}}}]}'
    )


def test_the_representation_of_long_texts_and_many_steps_is_short():
    run = PipelineRunRequest(name="n" * 10_000, step_runs=[{"elapsed_time": 1}] * 100)
    shown = repr(run)
    assert "characters)" in shown
    assert "'… 95 more'" in shown
    assert len(shown) < 600
    assert eval(repr(RUN)) == RUN  # noqa: S307 - our own


def test_a_long_representation_has_several_lines_also_in_pprint():
    run = RUN.set("more", ["some words"] * 5)
    assert repr(run).startswith("PipelineRunRequest({'name': 'answer',\n ")
    assert eval(repr(run)) == run  # noqa: S307 - our own
    assert pprint.pformat(run) == repr(run)
    assert "\n" not in repr(RUN)


def test_a_representation_takes_little_time_whatever_a_server_sends():
    """`pprint` takes long for what is deep and wide; that is shown in one line, and cut."""
    deep = json.loads('{"a":' * 150 + json.dumps({str(n): n for n in range(1000)}) + "}" * 150)
    shown = repr(PipelineRunResponse.from_openapi_data_oapg({"pipelineRunId": "a", "more": deep}))
    assert "…" in shown
    assert len(shown) < 1000
    assert "950 more" in repr(RUN.set("more", {str(n): n for n in range(1000)}))
    assert "\n" not in repr(RUN.set("more", {str(n): "x" * 150 for n in range(50)}))


@pytest.mark.parametrize(
    ("model", "name", "likely"),
    [
        (StepRun, "elapse_time", "elapsed_time"),
        (StepRun, "Elapsed_Time", "elapsed_time"),
        (StepRun, "starttime", "start_time"),
        (StepRunProvider, "input", "inputs"),
        (StepRunProvider, "modelParam", "model_params"),
    ],
)
@pytest.mark.parametrize("by_model", [True, False])
def test_a_property_that_is_nearly_a_declared_one_is_kept_and_warned_about_once(
    model, name, likely, by_model
):
    class Fresh(model):
        __slots__ = ()

    def send():
        if by_model:
            assert Fresh({name: 1})[name] == 1
        else:
            text = ObjectSchema(Fresh).serialize({name: 1}, REQUEST_RULES)
            assert json.loads(text) == {name: 1}

    with pytest.warns(
        UserWarning, match=rf"^Fresh has no property '{name}', .* did you mean '{likely}'\?$"
    ) as caught:
        send()
    assert len(caught) == 1
    assert caught[0].filename == __file__  # not a line of the package
    send()


@pytest.mark.parametrize("name", ["cost", "nmae", "provider_id", "x", "", "🙂", "k" * 10**6])
def test_other_names_are_kept_without_a_warning(name):
    assert StepRun({name: 1})[name] == 1
    with warnings.catch_warnings(record=True) as caught:
        StepRun.from_openapi_data_oapg({"elapse_time": 1})
    assert caught == []


def test_a_property_that_has_the_python_name_of_another_is_no_misspelt_one():
    """As a model holds that is read by wire names alone."""
    run = PipelineRunRequest.from_openapi_data_oapg({"name": "a", "stepRuns": [], "step_runs": 5})
    with warnings.catch_warnings(record=True) as caught:
        assert run.set("x", 1)["step_runs"] == 5
    assert caught == []


def test_a_property_that_is_not_declared_is_read_as_an_item():
    run = PipelineRunRequest(name="a", step_runs=[], env="test")
    assert run["env"] == "test"
    with pytest.raises(AttributeError, match=r"declares no 'env', which it holds: .*\['env'\]$"):
        _ = run.env


@pytest.mark.parametrize(
    "others",
    [
        {"k" * 100_000: "v"},
        {"a": {str(i): {str(j): "x" * 200 for j in range(50)} for i in range(50)}},
    ],
)
def test_a_representation_has_a_bound(others):
    assert len(repr(PipelineRunRequest(name="a", step_runs=[], **others))) < 21_000


def test_a_large_integer_is_shown_by_its_size():
    """Whatever the interpreter's limit of digits is."""
    shown = repr(PipelineRunRequest(name="a", step_runs=[], large=10**1000, small=10**600))
    assert "'… (an integer of 3322 bits)'" in shown
    assert str(10**600) in shown


@pytest.mark.parametrize("name", ["stepruns", "step_run", "StepRuns"])
def test_a_name_beside_a_missing_one_is_named_in_the_error(name):
    for make in (
        PipelineRunRequest,
        lambda body: ObjectSchema(PipelineRunRequest).serialize(body, REQUEST_RULES),
    ):
        with pytest.raises(ApiTypeError) as caught:
            make({"name": "n", name: []})
        assert str(caught.value) == (
            f"missing the required property 'stepRuns' or 'step_runs', "
            f"got {name!r} in its place at $"
        )
