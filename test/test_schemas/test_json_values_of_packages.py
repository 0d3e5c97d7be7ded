"""Any value as JSON: what packages for data and for models have, where they are installed."""

import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gentrace.models import StepRun
from gentrace.schemas import to_json_value


def test_packages_for_data():
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    moment = numpy.datetime64("2024-01-02T03:04:05.000000006", "ns")
    assert to_json_value(
        [numpy.float32(0.5), numpy.int64(3), numpy.bool_(True), numpy.str_("a"), numpy.arange(2)]
    ) == [0.5, 3, True, "a", [0, 1]]
    assert to_json_value([moment, numpy.array([moment])]) == [str(moment), [str(moment)]]
    assert to_json_value(numpy.zeros((101, 100))) == "ndarray of shape (101, 100)"
    assert to_json_value(numpy.float64("nan")) == "NaN"
    assert to_json_value(pandas.Timestamp("2024-01-02")) == "2024-01-02T00:00:00"
    assert to_json_value(pandas.NaT) == "NaT"
    assert to_json_value(pandas.Series([1, 2])) == [1, 2]
    frame = pandas.DataFrame({"a": [1]})
    assert to_json_value(frame) == repr(frame)


@pytest.mark.parametrize(
    ("text", "expected", "is_exact"),
    [
        ("1.5", 1.5, True),
        ("-0.0", -0.0, True),
        ("nan", "NaN", True),
        ("-inf", "-Infinity", True),
        ("0.1", 0.1, False),
        ("1e400", "Infinity", False),
    ],
)
def test_long_doubles_are_floats_where_they_equal_one_and_else_their_repr(text, expected, is_exact):
    """Their `tolist` gives no float; on some machines they are no longer than floats."""
    numpy = pytest.importorskip("numpy")
    number = numpy.longdouble(text)
    if not is_exact and numpy.finfo(numpy.longdouble).nmant > sys.float_info.mant_dig:
        expected = repr(number)
    array = numpy.array([number, number])
    for value, becomes in (
        (number, expected),
        (array, [expected, expected]),
        (array[:1].reshape(()), expected),
        ({"mean": array[:1].max()}, {"mean": expected}),
    ):
        assert repr(to_json_value(value)) == repr(becomes)


def test_what_is_an_array_of_itself_is_its_repr():
    numpy = pytest.importorskip("numpy")
    number = numpy.clongdouble(1 + 2j)
    assert to_json_value([number, numpy.array([number])]) == [repr(number), [repr(number)]]


def test_packages_for_models():
    attrs = pytest.importorskip("attrs")
    msgspec = pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Order", at=(datetime, ...), price=(Decimal, ...))
    order = model(at=datetime(2024, 1, 2, tzinfo=UTC), price=Decimal("1.50"))
    assert to_json_value([order]) == [{"at": "2024-01-02T00:00:00Z", "price": "1.50"}]
    point = attrs.make_class("Spot", ["x"])
    struct = msgspec.defstruct("Place", ["y"])
    assert to_json_value([point(1), struct({2})]) == [{"x": 1}, {"y": [2]}]


def test_class_of_models_is_its_repr():
    """As a program gives to a client that shall answer in that form."""
    attrs = pytest.importorskip("attrs")
    msgspec = pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    classes = [
        attrs.make_class("Spot", ["x"]),
        msgspec.defstruct("Place", ["y"]),
        pydantic.create_model("Order", price=(int, ...)),
    ]
    assert to_json_value(classes) == [repr(each) for each in classes]


def test_field_of_the_wrong_type_is_taken_as_it_is_and_shown_to_nobody():
    """pydantic warns of it with its content; warnings are errors here."""
    pydantic = pytest.importorskip("pydantic")
    patient = pydantic.create_model("Patient", age=(int, ...))
    wrong = patient.model_construct(age="secret")
    assert to_json_value({"p": wrong}) == {"p": {"age": "secret"}}
    step = StepRun(provider={"name": "n", "inputs": {"p": wrong}})
    assert step.provider.inputs == {"p": {"age": "secret"}}


def test_model_with_a_field_that_has_no_json_form_keeps_the_others():
    pydantic = pytest.importorskip("pydantic")
    image = pydantic.create_model("Image", data=(bytes, ...), size=(int, 1), more=(object, None))
    photo = image(data=b"\xff\xd8")
    assert to_json_value([photo]) == [{"data": "/9g=", "size": 1, "more": None}]
    inner = image(data=b"a", more=ValueError("no"))
    assert to_json_value(image(data=b"b", more={"a": (inner, {1})})) == {
        "data": "b",
        "size": 1,
        "more": {"a": [{"data": "a", "size": 1, "more": "ValueError: no"}, [1]]},
    }


def test_what_a_serializer_hides_in_json_stays_hidden_beside_a_field_without_json_form():
    pydantic = pytest.importorskip("pydantic")

    class Login(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        token: str
        more: object = None

        @pydantic.field_serializer("token", when_used="json")
        def hide(self, _token):
            return "***"

    login = Login(token="secret", more=object, user="ann")  # noqa: S106 - of nobody
    assert to_json_value(login) == {"token": "***", "more": repr(object), "user": "ann"}


def test_model_of_the_first_pydantic_becomes_its_fields():
    pydantic = pytest.importorskip("pydantic.v1")
    place = pydantic.create_model("Place", at=(datetime, ...), next=(object, None))
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    assert to_json_value(place(at=moment, next=[place(at=moment)])) == {
        "at": "2024-01-02T00:00:00+00:00",
        "next": [{"at": "2024-01-02T00:00:00+00:00", "next": None}],
    }


def test_missing_time_in_an_array_is_nat_and_durations_keep_their_nanoseconds():
    """By every pandas: since version 3, its texts of a missing time are NaN."""
    pandas = pytest.importorskip("pandas")
    moments = pandas.Series(pandas.to_datetime(["2024-01-02T03:04:05.000000006", None]))
    durations = pandas.to_timedelta(["1ns", "-1ns", None])
    assert to_json_value([moments, moments.array, durations]) == [
        ["2024-01-02T03:04:05.000000006", "NaT"],
        ["2024-01-02T03:04:05.000000006", "NaT"],
        ["PT0.000000001S", "-PT0.000000001S", "NaT"],
    ]


def test_model_that_refuses_to_dump_its_json_form_becomes_its_fields():
    """As those of old versions of openai and anthropic do beside the first pydantic."""
    pydantic = pytest.importorskip("pydantic.v1")

    class Completion(pydantic.BaseModel):
        id: str
        at: datetime

        def model_dump(self, *, mode="python"):
            if mode != "python":
                raise ValueError("mode is only supported in Pydantic v2")
            return self.dict()

    completion = Completion(id="a", at=datetime(2024, 1, 2, tzinfo=UTC))
    expected = {"id": "a", "at": "2024-01-02T00:00:00+00:00"}
    assert to_json_value([completion]) == [expected]
    step = StepRun(provider={"name": "n", "outputs": {"completion": completion}})
    assert step.provider.outputs["completion"] == expected
