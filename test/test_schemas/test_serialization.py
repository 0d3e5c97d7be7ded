"""What a body becomes on the wire: the same by the fast and by the readable path, with any encoder.

`encode(schema.check(value, rules))` is the reference.
"""

import copy
import json
import subprocess
import sys
import tracemalloc
from collections import Counter, OrderedDict, UserDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import pytest
from frozendict import frozendict
from hypothesis import given, settings
from hypothesis import strategies as st
from support.json_values import (
    date_times,
    json_values,
    near_values,
    places_of,
    respell,
    same,
    valid_date_times,
    valid_values,
)

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
    find_encoder,
    unset,
)

BODY = ObjectSchema(PipelineRunRequest)


@pytest.fixture(params=["json", "orjson"], scope="module")
def dumps(request):
    """The encoder of each setting: the standard library's, and what `auto` takes if it is there."""
    if request.param == "json":
        assert find_encoder("json") is None
        return None
    pytest.importorskip("orjson", reason="orjson, the optional encoder, is not installed")
    encoder = find_encoder("auto")
    assert encoder is not None
    return encoder


def _outcome(write, value):
    """Give what is written, or else the error with all that it says."""
    try:
        return write(value)
    except (ApiTypeError, ApiValueError) as error:
        return type(error), str(error), error.path_to_item


def _reference(value):
    return encode(BODY.check(value, REQUEST_RULES))


def _agree(value, dumps):
    """Hold both paths to the same verdict; gives what they agree on."""
    expected = _outcome(_reference, value)
    got = _outcome(lambda body: BODY.serialize(body, REQUEST_RULES, dumps), value)
    if isinstance(expected, bytes) and dumps is not None:
        assert isinstance(got, bytes)
        assert same(json.loads(got), json.loads(expected))
    else:
        assert got == expected
    return expected


def _run(**step):
    return {"name": "n", "stepRuns": [{}, step]}


class Word(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


class Items(dict):
    pass


class Things(list):
    pass


class Color(Enum):
    RED = "red"


class Kind(StrEnum):
    CHAT = "name"


@dataclass
class Point:
    x: object


def _nest(levels, leaf, wrap):
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def _circle():
    value = {}
    value["a"] = [value, value]
    return value


def _of_two_kinds(items):
    """Give a dict that had a key of another type than str, which its table remembers."""
    value = {0: None, **items}
    del value[0]
    return value


odd_texts = st.sampled_from(["\ud800", "a\udfff", "\0", "é", "\U0001f600", "\u2028", '"\\', "null"])
leaves = st.one_of(
    json_values,
    odd_texts,
    date_times,
    st.floats(),
    st.builds(lambda sign: sign * 10**4300, st.sampled_from([1, -1])),
    st.sampled_from([2**64 - 1, 2**64, -(2**63), -(2**63) - 1]),
    st.sampled_from([Whole(7), Whole(2**70), Real(0.5), Real("nan"), Word("text"), Word("\ud800")]),
    st.sampled_from([Items(a=1), OrderedDict(a=1), Counter("ab"), UserDict(a=1)]),
    st.sampled_from([Things([1]), frozendict(a=(1,)), frozendict({1: 2}), (1, [2])]),
    st.sampled_from([datetime(2023, 5, 4, tzinfo=UTC), datetime(2023, 5, 4), date(2023, 5, 4)]),  # noqa: DTZ001 - a naive one is to be refused
    st.sampled_from([Decimal("1.5"), Decimal(3), Decimal("0.1") / 3, Decimal("NaN"), UUID(int=1)]),
    st.sampled_from([Color.RED, Kind.CHAT, Point([1]), Point({2}), unset]),
    st.sampled_from([b"x", {1}, object(), 1j, Point, range(2), len]),
    st.sampled_from([StepRun(elapsed_time=1), StepRunProvider(inputs={"a": 1.5})]),
    st.builds(_circle),
    st.builds(
        _nest,
        st.sampled_from([1, 3, 198, 199, 200, 201, 260]),
        st.sampled_from([1, "x", Decimal("1.5")]) | st.builds(dict) | st.builds(list),
        st.sampled_from(
            [lambda inner: {"a": inner}, lambda inner: [inner], lambda inner: (inner,)]
        ),
    ),
)
keys = st.one_of(
    st.text(max_size=3),
    odd_texts,
    st.sampled_from([1, None, True, 1.5, (1,), Word("name"), Word("x"), Kind.CHAT, Color.RED]),
)
python_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(keys, inner, max_size=3)
        # Beyond a certain length arrays are looked at in another way.
        | st.builds(
            lambda item, kind: kind([1] * 20 + [item]), inner, st.sampled_from([list, tuple])
        )
        | st.dictionaries(keys, inner, max_size=2).map(_of_two_kinds)
    ),
    max_leaves=4,
)


@st.composite
def bodies(draw):
    """Make a plain dict in any spelling, with a Python value at up to two of its places."""
    dates = draw(st.sampled_from([valid_date_times, date_times]))
    value = copy.deepcopy(draw(valid_values("PipelineRunRequest", dates)))
    random = draw(st.randoms(use_true_random=False))
    spell = draw(
        st.sampled_from(
            [
                lambda declared: declared.wire_name,
                lambda declared: declared.wire_name,
                lambda declared: declared.name,
                lambda declared: random.choice([declared.name, declared.wire_name]),
            ]
        )
    )
    value = respell(value, PipelineRunRequest, spell)
    places = list(places_of(value))
    for container, key in draw(st.lists(st.sampled_from(places), max_size=2)):
        other = isinstance(container, dict) and draw(st.booleans())
        container[draw(keys) if other else key] = draw(python_values)
    return value


def test_both_paths_give_the_same_verdict_and_the_same_json(dumps, record_property):
    """Whatever Python value stands where in a body, in whichever spelling."""
    verdicts = Counter()

    @settings(max_examples=600)
    @given(bodies())
    def agree(value):
        verdicts[isinstance(_agree(value, dumps), bytes)] += 1

    agree()
    record_property("verdicts", [verdicts[True], verdicts[False]])
    assert min(verdicts.values()) > verdicts.total() / 25


def test_what_is_sent_is_what_was_given(dumps, judge, record_property):
    """Parsed again, by wire names; and what may not be sent is refused."""
    verdicts = Counter()

    @settings(max_examples=600)
    @given(near_values("PipelineRunRequest"))
    def agree(value):
        allowed = judge("PipelineRunRequest")(value)
        verdicts[allowed] += 1
        before = copy.deepcopy(value)
        written = _agree(value, dumps)
        assert isinstance(written, bytes) == allowed
        if allowed:
            assert same(json.loads(written), value)
            model = PipelineRunRequest(value)
            assert same(json.loads(BODY.serialize(model, REQUEST_RULES, dumps)), value)
            assert same(decode(encode(model, dumps)), value)
        assert same(value, before)

    agree()
    record_property("verdicts", [verdicts[True], verdicts[False]])
    assert min(verdicts.values()) > verdicts.total() / 25


@pytest.mark.parametrize(
    "value",
    [
        {"name": "n", "stepRuns": []},
        {"name": "n", "stepRuns": [{}], "more": True, "other": {"a": [1.5, None, {}]}},
        _run(
            elapsedTime=1, startTime="2023-05-04T09:30:00Z", endTime="2023-05-04T09:30:01.5+01:00"
        ),
        _run(provider={"name": "n", "modelParams": {"t": 0.2}, "inputs": {"m": [{"c": "x"}]}}),
        _run(provider=StepRunProvider(outputs={"vector": [0.5] * 1536})),
        _run(extra=[0.5] * 40 + [[1, "null", None]]),
        _run(extra=_of_two_kinds({"a": _of_two_kinds({"b": [0.5]})}), elapsedTime=3),
        {"name": "n", "stepRuns": [_of_two_kinds({"elapsedTime": 3})] * 1200},
        _run(extra=[*range(100_000), {"a": 1}], more={str(key): key for key in range(100_000)}),
        _run(extra=[{"a": [1]}] * 11_000, more=[[{}, 0.5] for _ in range(11_000)]),
        _run(extra=[0.5, None, "x" * 100_000]),
    ],
)
def test_a_plain_dict_by_wire_names_goes_out_without_a_model(value, dumps, monkeypatch):
    expected = json.loads(_reference(value))
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
    expected = _outcome(lambda body: encode(schema.check(body, REQUEST_RULES)), value)
    got = _outcome(lambda body: schema.serialize(body, REQUEST_RULES, dumps), value)
    assert got == expected


class Liar(str):
    """A key that says that it is another."""

    __slots__ = ()

    def __eq__(self, other):
        return other == "name"

    def __hash__(self):
        return hash("name")


@pytest.mark.parametrize(
    "value",
    [
        {Liar("other"): "n", "stepRuns": []},
        {Word("name"): "n", Kind.CHAT: "n", "stepRuns": []},
        {"name": "n", "stepRuns": [], "name ": [None, "null", float("nan")]},
        _run(provider={"inputs": {"null": None, "x": [1.5, [float("inf")]]}}),
        _run(provider={"inputs": [["a"]]}),
        _run(provider={"modelParams": {}, "outputs": {"a": frozendict({Word("k"): (1,)})}}),
        _run(provider=StepRunProvider(inputs={"a": 1}), elapsedTime=5),
        _run(provider=frozendict(inputs={"a": 1})),
        _run(elapsedTime=3.0),
        _run(elapsedTime=True),
        _run(elapsedTime=10**4300),
        _run(elapsedTime=10**4299),
        _run(elapsed_time=2**64),
        _run(startTime=datetime(2023, 5, 4, tzinfo=UTC)),
        _run(startTime="2023-02-29T00:00:00Z", extra=unset),
        _run(extra=StepRun(elapsed_time=1)),
        _run(extra=[_circle()]),
        _run(extra=-0.0, more=[5e-324, 1.7976931348623157e308, 1e22, 0.1, 123456789.123456789]),
        _run(extra=["\x7f\x80\u2028\u2029\ufeff\uffff", '\b\f\n\r\t\0\x1f"\\/']),
        _run(extra=[0.5] * 40, more=[1] * 40 + [[1.5]]),
        _run(extra=[0.5] * 40 + [float("nan")]),
        _run(extra=[0.5] * 40 + [Real(0.5)], more=[{}] * 40),
        _run(extra=["x" * 100_000, None, [0.5, float("nan")]]),
        _run(extra=["x" * 100_000, [float("-inf")]]),
        _run(extra=["x" * 100_000, None, [0.5, 1, "null"]]),
        _run(extra=_of_two_kinds({"a": {1: 2}})),
        _run(extra=_of_two_kinds({Liar("a"): 1})),
        _run(extra=[*range(100_000), {2: 3}]),
        _run(extra=[{}] * 11_000 + [{2: 3}]),
        _run(extra=[[{}]] * 11_000 + [[{2: 3}]]),
        _run(extra=[[number, {}] for number in range(11_000)] + [[Whole(1)]]),
        _run(extra=[[0.5]] * 11_000 + [[float("nan")]]),
        _run(extra=[[{}] for _ in range(11_000)] + [_nest(198, [], lambda inner: [inner])]),
        _run(extra=[[{}] for _ in range(11_000)] + [_nest(199, [], lambda inner: [inner])]),
        _run(extra=[[{}] for _ in range(11_000)] + [_nest(200, [], lambda inner: [inner])]),
        _run(extra={Word("k"): 1} | {str(key): key for key in range(100_000)}),
        _run(extra=[*range(100_000), Whole(7)]),
        {"name": "n", "stepRuns": [{}] * 1100 + [{1: 2}] + [{}] * 1100},
        {"name": "n", "stepRuns": [{}] * 1100 + [{"startTime": "x"}] + [{}] * 1100},
        {"name": "n", "stepRuns": [{"extra": [0.5]}] * 1100 + [{"extra": [float("nan")]}]},
        {"name": "n", "stepRuns": [{"extra": [0.5]}] * 1100 + [{"extra": [{2: 3}]}]},
        _run(startTime="2023-05-04T09:30:00Z\n2023-05-04T09:30:00Z"),
        _run(startTime="2023-05-04T09:30:00Z\n", endTime="2023-05-04T09:30:00Z"),
        _run(startTime="", endTime="2023-05-04T09:30:00Z"),
        _run(startTime="2023-05-04T09:30:00.Z", endTime="2023-05-04T09:30:00.+01:00"),
        _run(provider=dict.fromkeys(["name", "invocation"], "n") | {Liar("x"): "n"}),
        _run(
            provider={Word("name"): "n", "invocation": "i"}
            | {"modelParams": {}, "inputs": {}, "outputs": {}}
        ),
        _run(elapsedTime=1, startTime="2023-05-04T09:30:00Z", end_time="x", provider={}),
        _run(elapsedTime=unset, extra=1),
        _run(provider=unset),
        _run(provider={"name": unset, "inputs": {"a": unset}}),
        {"name": unset, "stepRuns": []},
        {"name": "n", "stepRuns": unset, "step_runs": []},
        {"name": "n", "stepRuns": ({},), "extra": ()},
        {"name": "n", "stepRuns": ["text"]},
        {"name": "n", "stepRuns": None},
        {"name": "n"},
        {},
        Items(_run()),
        UserDict(_run()),
        frozendict(_run()),
        PipelineRunRequest(_run()),
        [],
        None,
        unset,
    ],
    ids=lambda value: type(value).__name__,
)
def test_both_paths_agree_on_what_is_easily_missed(value, dumps):
    _agree(value, dumps)


@pytest.mark.parametrize(
    "key", [1, None, True, 1.5, (1,), b"x", Color.RED, Kind.CHAT, Word("x"), "\ud800", Liar("x")]
)
@pytest.mark.parametrize("value", [1, {}, [1]])
def test_both_paths_agree_on_keys(key, value, dumps):
    """At each level, the declared ones and those inside of free-form content."""
    for body in (
        {"name": "n", "stepRuns": [], key: value},
        {"stepRuns": [], key: value},
        _run(provider={key: value}),
        _run(provider={"inputs": {key: value}}),
        {"name": "n", "stepRuns": [{key: value}]},
        _run(extra=[{"a": {key: value}}]),
    ):
        _agree(body, dumps)


def test_a_text_that_orjson_would_put_in_as_it_is_is_refused(dumps):
    orjson = pytest.importorskip("orjson", reason="orjson, the optional encoder, is not installed")
    for body in (
        _run(extra=[orjson.Fragment("[")]),
        _run(provider={"inputs": {"a": orjson.Fragment("1")}}),
        {"name": "n", "stepRuns": [], "extra": orjson.Fragment("1")},
    ):
        assert _agree(body, dumps)[0] is ApiTypeError


@pytest.mark.parametrize("for_orjson", [False, True])
@pytest.mark.parametrize("wrap", [lambda array: array, lambda array: {"a": [{"b": array}]}])
def test_a_long_array_needs_no_memory_to_be_looked_at(for_orjson, wrap):
    value = _run(extra=wrap([1] * 1_000_000))
    admits, unread = BODY.quick_check(), schemas.Unread(for_orjson=for_orjson)
    tracemalloc.start()
    try:
        assert admits(value, unread)
        assert unread.settle()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("levels", [199, 200, 201, 253, 254, 255, 256, 1200])
@pytest.mark.parametrize(
    ("wrap", "leaf"), [(lambda inner: {"a": inner}, {}), (lambda inner: [inner], [])]
)
def test_the_limit_of_depth_is_the_same_on_every_path(levels, wrap, leaf, dumps):
    """Whatever the encoder's own limit is."""
    deep = _nest(levels - 1, leaf, wrap)
    for value in (_run(extra=deep), _run(extra=1) | {"extra": deep}):
        assert isinstance(_agree(value, dumps), bytes) == (levels <= 200)


@pytest.mark.parametrize("limit", [1000, 10**6])
@pytest.mark.parametrize(
    "shape",
    [
        "deep = [deep]",
        "deep = {'a': deep}",
        "deep = (deep,)",
        "deep = {'a': deep, 'b': deep}",
        "deep = [deep, deep]",
        "deep = [deep] * 20",
        "deep['a'] = deep",
        "deep['a'] = (deep,)",
        "deep['a'] = [deep, deep]",
    ],
)
def test_no_content_crashes_the_interpreter_or_keeps_it_busy(shape, limit):
    """Nor with a raised recursion limit, in a thread with a small stack."""
    program = f"""
import sys, threading
from gentrace.exceptions import ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import REQUEST_RULES, ObjectSchema, find_encoder
sys.setrecursionlimit({limit})
deep = {{}}
for _ in range(10**5):
    {shape}

def serialize():
    for setting in ("json", "auto"):
        try:
            ObjectSchema(PipelineRunRequest).serialize(
                {{"name": "n", "stepRuns": [], "x": deep}}, REQUEST_RULES, find_encoder(setting)
            )
        except ApiValueError as error:
            print(error.path_to_item[0])

threading.stack_size(256 * 1024)
thread = threading.Thread(target=serialize)
thread.start()
thread.join()
# Nor may its end: to free what is nested so deeply is not what is tested.
sys.stdout.flush()
__import__("os")._exit(0)
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\nx\n", "")


def test_no_code_of_a_mapping_in_content_is_run(dumps):
    """A subclass of dict is what the dict in it is, whatever it says of its items."""
    asked = []

    class Endless(dict):
        def items(self):
            asked.append(self)
            raise AssertionError

    assert json.loads(_agree(_run(extra=[Endless(a=1)]), dumps))["stepRuns"][1] == {
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

    body = _run(extra=[Odd("s"), 0.5])
    assert json.loads(_agree(body, dumps))["stepRuns"][1] == {"extra": ["s", 0.5]}
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


class Thing:
    """Its attributes are a dict whose values may be where no other dict has them."""

    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


@pytest.mark.parametrize("items", [{7: "x"}, {7: "x", "a": 1}, {0.5: Real(1)}])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_attributes_of_an_object_hide_no_key_beside_them(size, items, dumps):
    things = [Thing(**{f"name{number}": number for number in range(size)}) for _ in range(3)]
    beside = [vars(thing) for thing in things]
    for count in range(4):
        some = [*beside[:count], items]
        _agree({"name": "n", "stepRuns": some}, dumps)
        _agree(_run(extra=some), dumps)
    inner = Thing(a=float("nan"), b=_nest(250, 1, lambda inner: [inner]), c=Items(a=1))
    for kept in ("a", "b", "c"):
        alone = Thing(**{kept: getattr(inner, kept)})
        _agree(_run(extra=[vars(alone), _of_two_kinds({"q": 1})]), dumps)
        _agree(_run(extra=[vars(alone)]), dumps)


def test_a_process_with_another_limit_of_digits_has_the_same_verdicts(dumps):
    program_limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(0)
        assert _agree(_run(extra=10**4300), dumps)[2] == ("stepRuns", 1, "extra")
        assert isinstance(_agree(_run(extra=10**4300 - 1), dumps), bytes)
        sys.set_int_max_str_digits(640)
        assert isinstance(_agree(_run(extra=2**70), dumps), bytes)
        with pytest.raises(ApiValueError, match="cannot be written as JSON: Exceeds the limit"):
            BODY.serialize(_run(extra=10**700), REQUEST_RULES, dumps)
    finally:
        sys.set_int_max_str_digits(program_limit)


@pytest.mark.parametrize(
    ("disabled", "value"),
    [
        ({"format"}, _run(startTime="yesterday")),
        ({"required"}, {"stepRuns": []}),
        ({"required", "format"}, {"step_runs": [{"end_time": ""}]}),
    ],
)
def test_rules_that_are_switched_off_are_off_on_the_way_to_the_wire(disabled, value, dumps):
    with pytest.raises((ApiTypeError, ApiValueError)):
        BODY.serialize(value, REQUEST_RULES, dumps)
    assert BODY.serialize(value, Rules(disabled=frozenset(disabled)), dumps)


def test_without_orjson_the_standard_library_writes_everything(monkeypatch):
    schemas._find_orjson.cache_clear()
    try:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "orjson", None)
            assert find_encoder("auto") is None
    finally:
        schemas._find_orjson.cache_clear()


def test_an_encoder_may_refuse_what_it_cannot_write_and_write_null_for_nan():
    """As orjson does; here without it."""

    def refuse(value):
        raise TypeError(value)

    def write_null(value):
        return json.dumps(value).replace("NaN", "null").encode()

    value = _run(extra=[None, {"null": 1.5}])
    assert BODY.serialize(value, REQUEST_RULES, refuse) == _reference(value)
    assert json.loads(BODY.serialize(value, REQUEST_RULES, write_null)) == value
    with pytest.raises(ApiValueError, match=r"got nan at \$\.stepRuns\[1\]\.extra\[0\]"):
        BODY.serialize(_run(extra=[float("nan"), 10]), REQUEST_RULES, write_null)


def test_a_frozendict_of_another_make_is_made_by_its_own_constructor():
    """The known one is filled without it, which is faster."""

    class Other(dict):
        def __new__(cls, items):
            made = super().__new__(cls)
            dict.update(made, items)
            return made

    made = schemas._make_freezer(Other)(Other, {"a": 1})
    assert (type(made), made) == (Other, {"a": 1})
    known = schemas._make_freezer(frozendict)(frozendict, {"a": 1})
    assert (type(known), known, hash(known)) == (
        frozendict,
        {"a": 1},
        hash(frozendict({"a": 1})),
    )


def test_json_is_compact_and_in_utf_8(dumps):
    text = BODY.serialize({"name": "né", "stepRuns": [{"x": [1, True, None, "</"]}]}, REQUEST_RULES)
    assert text == '{"name":"né","stepRuns":[{"x":[1,true,null,"</"]}]}'.encode()
    assert BODY.serialize(json.loads(text), REQUEST_RULES, dumps) == text
    assert encode(PipelineRunRequest(json.loads(text)), dumps) == text


@pytest.mark.parametrize("text", ['[1, 1.5, null, {"a": true}]', "\ufeff{}", '"\\ud83d\\ude00"'])
def test_an_answer_is_read_as_json_in_utf_8(text):
    assert decode(text.encode()) == json.loads(text.lstrip("\ufeff"))


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"NaN", b"[-Infinity]", b"\xff", b"{} {}", b"'a'", '"é"'.encode("latin-1")],
)
def test_what_is_not_json_in_utf_8_is_a_value_error(data):
    with pytest.raises(ValueError, match=r"."):
        decode(data)


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
