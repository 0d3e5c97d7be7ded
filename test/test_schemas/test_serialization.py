"""What a body becomes on the wire: the same by the fast and by the readable path, with any encoder.

`encode(schema.check(value, rules))` is the reference.
"""

import copy
import json
from collections import Counter, UserDict
from datetime import UTC, datetime

import pytest
from frozendict import frozendict
from hypothesis import given, settings
from support.bodies import (
    BODY,
    Color,
    Items,
    Kind,
    Liar,
    Real,
    Whole,
    Word,
    agree,
    bodies,
    circle,
    nest,
    of_two_kinds,
    outcome,
    reference,
    run_of,
)
from support.effort import times
from support.json_values import near_values, same

from gentrace import schemas
from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, StepRun, StepRunProvider
from gentrace.schemas import (
    REQUEST_RULES,
    Model,
    ObjectSchema,
    Rules,
    Schema,
    decode,
    encode,
    unset,
)


@pytest.mark.filterwarnings("ignore:.*which is sent as it is")  # of names made up at random
def test_both_paths_give_the_same_verdict_and_the_same_json(dumps, record_property):
    """Whatever Python value stands where in a body, in whichever spelling."""
    verdicts = Counter()

    @settings(max_examples=times(200))
    @given(bodies())
    def compare(value):
        verdicts[isinstance(agree(value, dumps), bytes)] += 1

    compare()
    record_property("verdicts", [verdicts[True], verdicts[False]])
    assert min(verdicts[True], verdicts[False]) > 0


@pytest.mark.filterwarnings("ignore:.*which is sent as it is")  # of names made up at random
def test_what_is_sent_is_what_was_given(dumps, judge, record_property):
    """Parsed again, by wire names; and what may not be sent is refused."""
    verdicts = Counter()

    @settings(max_examples=times(200))
    @given(near_values("PipelineRunRequest"))
    def compare(value):
        allowed = judge("PipelineRunRequest")(value)
        verdicts[allowed] += 1
        before = copy.deepcopy(value)
        written = agree(value, dumps)
        assert isinstance(written, bytes) == allowed
        if allowed:
            assert same(json.loads(written), value)
            model = PipelineRunRequest(value)
            assert same(json.loads(BODY.serialize(model, REQUEST_RULES, dumps)), value)
            assert same(decode(encode(model, dumps)), value)
        assert same(value, before)

    compare()
    record_property("verdicts", [verdicts[True], verdicts[False]])
    assert min(verdicts[True], verdicts[False]) > 0


@pytest.mark.parametrize(
    "value",
    [
        {"name": "n", "stepRuns": []},
        {"name": "n", "stepRuns": [{}], "more": True, "other": {"a": [1.5, None, {}]}},
        run_of(
            elapsedTime=1, startTime="2023-05-04T09:30:00Z", endTime="2023-05-04T09:30:01.5+01:00"
        ),
        run_of(provider={"name": "n", "modelParams": {"t": 0.2}, "inputs": {"m": [{"c": "x"}]}}),
        run_of(provider=StepRunProvider(outputs={"vector": [0.5] * 1536})),
        run_of(extra=[0.5] * 40 + [[1, "null", None]]),
        run_of(extra=of_two_kinds({"a": of_two_kinds({"b": [0.5]})}), elapsedTime=3),
        {"name": "n", "stepRuns": [of_two_kinds({"elapsedTime": 3})] * 1200},
        run_of(extra=[*range(100_000), {"a": 1}], more={str(key): key for key in range(100_000)}),
        run_of(extra=[{"a": [1]}] * 11_000, more=[[{}, 0.5] for _ in range(11_000)]),
        run_of(extra=[0.5, None, "x" * 100_000]),
    ],
)
def test_a_plain_dict_by_wire_names_goes_out_without_a_model(value, dumps, monkeypatch):
    expected = json.loads(reference(value))
    monkeypatch.setattr(Model, "check_oapg", None)
    assert same(json.loads(BODY.serialize(value, REQUEST_RULES, dumps)), expected)


class Bare(Model):
    __slots__ = ()


class Scored(StepRun):
    __slots__ = ()

    score = schemas.required("class", schemas.INTEGER, "A name that is a keyword of Python.")
    runs = schemas.optional("runs", schemas.ArraySchema(ObjectSchema(Bare)), "Of no properties.")


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (Bare, {}),
        (Bare, {"a": {"b": [0.5]}}),
        (Bare, {"a": {1: 2}}),
        (Bare, []),
        (Scored, {"class": 1, "runs": [{}, {"x": None}], "elapsedTime": 5}),
        (Scored, {"class": 1, "provider": {"name": "n"}, "startTime": "2023-05-04T09:30:00Z"}),
        (Scored, {"score": 1}),
        (Scored, {"class": "1"}),
        (Scored, {"runs": []}),
        (Scored, {"class": 1, "runs": [1]}),
    ],
)
def test_both_paths_agree_on_any_model(model, value, dumps):
    schema = ObjectSchema(model)
    expected = outcome(lambda body: encode(schema.check(body, REQUEST_RULES)), value)
    got = outcome(lambda body: schema.serialize(body, REQUEST_RULES, dumps), value)
    assert got == expected


@pytest.mark.parametrize(
    "value",
    [
        {Liar("other"): "n", "stepRuns": []},
        {"other": 1, Liar("other"): 2, "stepRuns": []},
        {Word("name"): "n", Kind.CHAT: "n", "stepRuns": []},
        {"name": "n", "stepRuns": [], "name ": [None, "null", float("nan")]},
        run_of(provider={"inputs": {"null": None, "x": [1.5, [float("inf")]]}}),
        run_of(provider={"inputs": [["a"]]}),
        run_of(provider={"modelParams": {}, "outputs": {"a": frozendict({Word("k"): (1,)})}}),
        run_of(provider=StepRunProvider(inputs={"a": 1}), elapsedTime=5),
        run_of(provider=frozendict(inputs={"a": 1})),
        run_of(elapsedTime=3.0),
        run_of(elapsedTime=True),
        run_of(elapsedTime=10**4300),
        run_of(elapsedTime=10**4299),
        run_of(elapsed_time=2**64),
        run_of(startTime=datetime(2023, 5, 4, tzinfo=UTC)),
        run_of(startTime="2023-02-29T00:00:00Z", extra=unset),
        run_of(extra=StepRun(elapsed_time=1)),
        run_of(extra=[circle()]),
        run_of(extra=-0.0, more=[5e-324, 1.7976931348623157e308, 1e22, 0.1, 123456789.123456789]),
        run_of(extra=["\x7f\x80\u2028\u2029\ufeff\uffff", '\b\f\n\r\t\0\x1f"\\/']),
        run_of(extra=[0.5] * 40, more=[1] * 40 + [[1.5]]),
        run_of(extra=[0.5] * 40 + [float("nan")]),
        run_of(extra=[1e308] * 40, more=[1e308] * 40 + [[-1e308]]),
        run_of(extra=[0.5] * 40 + [Real(0.5)], more=[{}] * 40),
        run_of(extra=[7] * 40 + [2**63], more=[-(2**63)] * 40 + [True]),
        run_of(extra=[7] * 40 + [10**4300]),
        run_of(extra=[None] * 40 + [unset], more=[True] * 40 + [None]),
        run_of(extra=["x" * 100_000, None, [0.5, float("nan")]]),
        run_of(extra=["x" * 100_000, [float("-inf")]]),
        run_of(extra=["x" * 100_000, None, [0.5, 1, "null"]]),
        run_of(extra=of_two_kinds({"a": {1: 2}})),
        run_of(extra=of_two_kinds({Liar("a"): 1})),
        run_of(extra=[*range(100_000), {2: 3}]),
        run_of(extra=[{}] * 11_000 + [{2: 3}]),
        run_of(extra=[[{}]] * 11_000 + [[{2: 3}]]),
        run_of(extra=[[number, {}] for number in range(11_000)] + [[Whole(1)]]),
        run_of(extra=[[0.5]] * 11_000 + [[float("nan")]]),
        run_of(extra=[[{}] for _ in range(11_000)] + [nest(198, [], lambda inner: [inner])]),
        run_of(extra=[[{}] for _ in range(11_000)] + [nest(199, [], lambda inner: [inner])]),
        run_of(extra=[[{}] for _ in range(11_000)] + [nest(200, [], lambda inner: [inner])]),
        run_of(extra={Word("k"): 1} | {str(key): key for key in range(100_000)}),
        run_of(extra=[*range(100_000), Whole(7)]),
        {"name": "n", "stepRuns": [{}] * 1100 + [{1: 2}] + [{}] * 1100},
        {"name": "n", "stepRuns": [{}] * 1100 + [{"startTime": "x"}] + [{}] * 1100},
        {"name": "n", "stepRuns": [{"extra": [0.5]}] * 1100 + [{"extra": [float("nan")]}]},
        {"name": "n", "stepRuns": [{"extra": [0.5]}] * 1100 + [{"extra": [{2: 3}]}]},
        run_of(startTime="2023-05-04T09:30:00Z\n2023-05-04T09:30:00Z"),
        run_of(startTime="2023-05-04T09:30:00Z\n", endTime="2023-05-04T09:30:00Z"),
        run_of(startTime="", endTime="2023-05-04T09:30:00Z"),
        run_of(startTime="2023-05-04T09:30:00.Z", endTime="2023-05-04T09:30:00.+01:00"),
        run_of(provider=dict.fromkeys(["name", "invocation"], "n") | {Liar("x"): "n"}),
        run_of(
            provider={Word("name"): "n", "invocation": "i"}
            | {"modelParams": {}, "inputs": {}, "outputs": {}}
        ),
        run_of(elapsedTime=1, startTime="2023-05-04T09:30:00Z", end_time="x", provider={}),
        run_of(elapsedTime=unset, extra=1),
        run_of(provider=unset),
        run_of(provider={"name": unset, "inputs": {"a": unset}}),
        {"name": unset, "stepRuns": []},
        {"name": "n", "stepRuns": unset, "step_runs": []},
        {"name": "n", "stepRuns": ({},), "extra": ()},
        {"name": "n", "stepRuns": ["text"]},
        {"name": "n", "stepRuns": None},
        {"name": "n"},
        {},
        Items(run_of()),
        UserDict(run_of()),
        frozendict(run_of()),
        PipelineRunRequest(run_of()),
        [],
        None,
        unset,
    ],
    ids=lambda value: type(value).__name__,
)
def test_both_paths_agree_on_what_is_easily_missed(value, dumps):
    agree(value, dumps)


@pytest.mark.parametrize(
    "key", [1, None, True, 1.5, (1,), b"x", Color.RED, Kind.CHAT, Word("x"), "\ud800", Liar("x")]
)
@pytest.mark.parametrize("value", [1, {}, [1]])
def test_both_paths_agree_on_keys(key, value, dumps):
    """At each level, the declared ones and those inside of free-form content."""
    for body in (
        {"name": "n", "stepRuns": [], key: value},
        {"stepRuns": [], key: value},
        run_of(provider={key: value}),
        run_of(provider={"inputs": {key: value}}),
        {"name": "n", "stepRuns": [{key: value}]},
        run_of(extra=[{"a": {key: value}}]),
    ):
        agree(body, dumps)


def test_a_text_that_orjson_would_put_in_as_it_is_is_refused(dumps):
    orjson = pytest.importorskip("orjson", reason="orjson, the optional encoder, is not installed")
    for body in (
        run_of(extra=[orjson.Fragment("[")]),
        run_of(provider={"inputs": {"a": orjson.Fragment("1")}}),
        {"name": "n", "stepRuns": [], "extra": orjson.Fragment("1")},
    ):
        assert agree(body, dumps)[0] is ApiTypeError


def test_no_code_of_a_mapping_in_content_is_run(dumps):
    """A subclass of dict is what the dict in it is, whatever it says of its items."""
    asked = []

    class Endless(dict):
        def items(self):
            asked.append(self)
            raise AssertionError

    assert json.loads(agree(run_of(extra=[Endless(a=1)]), dumps))["stepRuns"][1] == {
        "extra": [{"a": 1}]
    }
    assert asked == []


def test_no_code_of_a_class_in_content_is_run(dumps):
    compared = []

    class Meta(type):
        __hash__ = type.__hash__

        def __eq__(cls, other):
            compared.append(other)
            return False

    class Odd(str, metaclass=Meta):
        __slots__ = ()

    body = run_of(extra=[Odd("s"), 0.5])
    assert json.loads(agree(body, dumps))["stepRuns"][1] == {"extra": ["s", 0.5]}
    assert compared == []


@pytest.mark.parametrize("number", [0, 999, 1000, 1500])
def test_both_paths_agree_on_an_array_of_dates(number, dumps):
    class Days(Model):
        """Dates and times."""

        __slots__ = ()

        days = schemas.required("days", schemas.ArraySchema(schemas.DATE_TIME), "Some days.")

    schema = ObjectSchema(Days)
    days = ["2023-05-04T09:30:00.125Z"] * 1501
    assert json.loads(schema.serialize({"days": days}, REQUEST_RULES, dumps)) == {"days": days}
    days[number] = "2023-05-04"
    with pytest.raises(ApiValueError) as error:
        schema.serialize({"days": days}, REQUEST_RULES, dumps)
    assert error.value.path_to_item == ("days", number)


@pytest.mark.parametrize(
    ("disabled", "value"),
    [
        ({"format"}, run_of(startTime="yesterday")),
        ({"required"}, {"stepRuns": []}),
        ({"required", "format"}, {"step_runs": [{"end_time": ""}]}),
    ],
)
def test_rules_that_are_switched_off_are_off_on_the_way_to_the_wire(disabled, value, dumps):
    with pytest.raises((ApiTypeError, ApiValueError)):
        BODY.serialize(value, REQUEST_RULES, dumps)
    assert BODY.serialize(value, Rules(disabled=frozenset(disabled)), dumps)


def test_a_dict_that_another_thread_changes_is_copied_and_sent():
    """As each dict is copied at once, the readable way does not see it change."""

    def write(value):
        if type(value) is dict:
            raise RuntimeError("dictionary changed size during iteration")
        return encode(value)

    body = run_of(elapsedTime=1)
    assert BODY.serialize(body, REQUEST_RULES, write) == BODY.serialize(body, REQUEST_RULES)


def test_what_a_signal_handler_raises_passes_through():
    """Also if its type is that of an error which the fast path takes for a no."""

    raised = [RuntimeError("from a signal handler")]

    def write(_):
        if raised:
            raise raised.pop()
        return b"{}"

    with pytest.raises(RuntimeError, match="from a signal handler"):
        BODY.serialize(run_of(elapsedTime=1), REQUEST_RULES, write)


def test_a_type_without_a_quick_look_goes_the_readable_way(dumps):
    class Even(Schema):
        expected = "an even number"

        def check(self, value, rules):
            return value * 2

    class Numbered(Model):
        __slots__ = ()

        number = schemas.required("number", Even(), "A number.")

    assert ObjectSchema(Numbered).serialize({"number": 2}, REQUEST_RULES, dumps) == b'{"number":4}'


def test_a_type_of_the_document_has_to_say_what_it_checks():
    with pytest.raises(NotImplementedError):
        Schema().check(1, REQUEST_RULES)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_number_that_json_lacks_is_found_beside_a_null(dumps, wrong):
    """Among many numbers too: orjson writes null for each."""
    inputs = {"none": None, "few": [0.5], "many": [0.5] * 40}
    run = {"name": "a", "stepRuns": [{"provider": {"inputs": inputs}}]}
    assert decode(BODY.serialize(run, REQUEST_RULES, dumps)) == run
    for place in ("few", "many"):
        inputs[place][-1] = wrong
        with pytest.raises(ApiValueError, match=rf"inputs\.{place}\["):
            BODY.serialize(run, REQUEST_RULES, dumps)
        inputs[place][-1] = 0.5


def test_null_of_a_declared_property_is_refused(dumps):
    run = {"name": "a", "stepRuns": [{"elapsedTime": None}]}
    with pytest.raises(ApiTypeError, match=r"got None at \$\.stepRuns\[0\]\.elapsedTime"):
        BODY.serialize(run, REQUEST_RULES, dumps)


def test_an_array_of_integers_goes_out_as_integers(dumps):
    class Counts(Model):
        """Numbers of things."""

        __slots__ = ()

        counts = schemas.optional("counts", schemas.ArraySchema(schemas.INTEGER), "Numbers.")

    schema = ObjectSchema(Counts)
    assert decode(schema.serialize({"counts": [1, 2.0]}, REQUEST_RULES, dumps)) == {
        "counts": [1, 2]
    }
    with pytest.raises(ApiTypeError, match=r"counts\[0\]"):
        schema.serialize({"counts": ["1"]}, REQUEST_RULES, dumps)
