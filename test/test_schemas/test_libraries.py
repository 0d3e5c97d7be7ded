"""Values of the libraries that programs use: what they become, and which are refused."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from support.json_values import same

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, StepRun, StepRunProvider
from gentrace.schemas import REQUEST_RULES, ObjectSchema, find_encoder

WHEN = datetime(2023, 5, 4, 9, 30, tzinfo=UTC)
UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"]

pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")


def _content(value):
    return StepRunProvider(inputs={"v": value}).inputs["v"]


def _refuses(value, kind, words):
    """Hold all ways to the wire to a refusal with these words, at the value's place."""
    schema = ObjectSchema(PipelineRunRequest)
    for encoder in (None, find_encoder("auto")):
        body = {"name": "n", "stepRuns": [], "x": [value]}
        with pytest.raises(kind, match=words) as caught:
            schema.serialize(body, REQUEST_RULES, encoder)
        assert caught.value.path_to_item == ("x", 0)


def test_numpy_arrays_and_numbers_are_lists_and_numbers():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    value = {"row": numpy.arange(3) / 2, "one": numpy.float32(0.5), "n": numpy.int64(7)}
    assert same(_content(value), {"row": (0.0, 0.5, 1.0), "one": 0.5, "n": 7})
    assert _content(numpy.array([("a", 1)], dtype=[("name", "U1"), ("n", "i4")])) == (("a", 1),)
    assert StepRun(elapsed_time=numpy.int64(7)).elapsed_time == 7


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["datetime64", "timedelta64"])
def test_numpy_times_are_refused_in_every_unit_with_the_remedy(unit, name):
    """Alone and in arrays of any kind; what is no time too."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    dtype = numpy.dtype(name if unit == "generic" else f"{name}[{unit}]")
    kind = getattr(numpy, name)
    values = [kind("NaT"), numpy.zeros(2, dtype), numpy.zeros((2, 2), dtype)]
    if unit != "generic":
        values += [
            kind(1, unit),
            numpy.zeros(1, [("a", "i4"), ("b", dtype)])[0],
            numpy.zeros(1, [("a", [("b", dtype, (3,))])]),
            numpy.array([kind(1, unit), None], dtype=object)[0],
        ]
    for value in values:
        _refuses(
            value, ApiTypeError, r"make a datetime64 a datetime by \.astype.*numpy\.timedelta64"
        )
    for name_of in ("elapsed_time", "start_time"):
        with pytest.raises(ApiTypeError, match="numpy"):
            StepRun(**{name_of: values[0]})


def test_the_remedies_for_numpy_times_are_allowed():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    when = numpy.datetime64("2023-05-04T09:30", "ns").astype("datetime64[us]").tolist()
    assert _content(when) == "2023-05-04T09:30:00"
    assert _content(numpy.timedelta64(1500, "us") / numpy.timedelta64(1, "ms")) == 1.5


@pytest.mark.parametrize("name", ["longdouble", "clongdouble"])
def test_long_doubles_of_numpy_are_refused_with_the_remedy(name):
    """Alone and in arrays: `tolist` leaves them as they are."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    number = getattr(numpy, name)(1.5)
    remedy = r"its form never ends, pass a plain value, such as str\(value\)"
    for value in (number, numpy.array(number)):
        _refuses(value, ApiTypeError, remedy)
        with pytest.raises(ApiTypeError, match=remedy):
            StepRunProvider(inputs={"v": numpy.array([value])})


def test_pandas_times_are_text_and_what_is_none_is_refused():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert _content(pandas.Timestamp(WHEN)) == "2023-05-04T09:30:00+00:00"
    assert _content(pandas.Series([pandas.Timestamp(WHEN)])) == ("2023-05-04T09:30:00+00:00",)
    assert StepRun(start_time=pandas.Timestamp(WHEN)).start_time == "2023-05-04T09:30:00+00:00"
    _refuses(
        pandas.NaT, ApiValueError, r"got NaTType NaT, which is none: pass None, or leave it out"
    )
    with pytest.raises(ApiValueError, match="NaT"):
        _content(pandas.Series([pandas.NaT]))
    with pytest.raises(ApiValueError, match=r"got NaTType NaT.*: leave it out at \$\.startTime"):
        StepRun(start_time=pandas.NaT)


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda data: memoryview(data)[::2]])
def test_bytes_of_any_kind_are_refused_with_the_remedy(make):
    _refuses(make(b"text"), ApiTypeError, r"decode .*or encode .* as base64")


def test_pydantic_models_are_what_their_own_json_has():
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    fields = {
        "when": (datetime, WHEN),
        "day": (date, date(2023, 5, 4)),
        "tags": (set[str], {"a"}),
        "price": (Decimal, Decimal("0.10")),
        "took": (timedelta, timedelta(seconds=1.5)),
        "data": (bytes, b"x"),
    }
    inner = pydantic.create_model("Inner", **fields)
    outer = pydantic.create_model("Outer", inner=(inner, ...), many=(list[inner], ...))
    model = outer(inner=inner(), many=[inner()])
    assert same(_content(model), json.loads(model.model_dump_json()))
    assert _content(model)["inner"]["price"] == "0.10"
    assert _content(model)["inner"]["when"] == "2023-05-04T09:30:00Z"
    assert StepRun(provider=pydantic.create_model("P", name=(str, "n"))()).provider == {"name": "n"}


class Dumps:
    """With the method, as others than pydantic's models have it."""

    def __init__(self, dump):
        self.model_dump = dump


def _fails(mode="python"):
    raise TypeError(f"not in {mode}")


def test_models_that_know_no_mode_are_what_they_say():
    assert _content(Dumps(lambda: {"a": WHEN})) == {"a": "2023-05-04T09:30:00+00:00"}
    assert _content(Dumps(lambda mode: {"a": mode})) == {"a": "json"}
    assert _content(Dumps(lambda **keywords: keywords)) == {"mode": "json"}
    with pytest.raises(ApiValueError, match="raised TypeError") as caught:
        _content(Dumps(_fails))
    assert str(caught.value.__cause__) == "not in python"
