"""The values of declared properties: what they become, and what errors say of them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from uuid import UUID

import pytest

from gentrace.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError
from gentrace.models import PipelineRunRequest, StepRun, StepRunProvider
from gentrace.schemas import MILLISECONDS, REQUEST_RULES


class Word(str):
    __slots__ = ()

    def __str__(self):
        return "not this"


class Level(IntEnum):
    LOW = 1


class Vendor(Enum):
    OPENAI = "openai"


class Array:
    """An array of one number, with the method that numpy's have."""

    def __init__(self, number):
        self.number = number

    def tolist(self):
        return self.number


class Foreign:
    """No JSON value, and no form that is one."""


class Closed(tuple):
    """Whose own code raises."""

    __slots__ = ()

    def __str__(self):
        raise OSError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2023, 5, 4, 9, 30, tzinfo=UTC), "2023-05-04T09:30:00+00:00"),
        (
            datetime(2023, 5, 4, 9, 30, 0, 125000, timezone(timedelta(hours=-3, minutes=-30))),
            "2023-05-04T09:30:00.125000-03:30",
        ),
        # RFC 3339 has no seconds in an offset.
        (
            datetime(2023, 5, 4, 9, 30, 0, 0, timezone(timedelta(minutes=1, seconds=30))),
            "2023-05-04T09:28:30+00:00",
        ),
        ("2023-05-04t09:30:00.123456789z", "2023-05-04t09:30:00.123456789z"),
    ],
)
def test_a_date_time_is_text_as_soon_as_the_model_is_made(value, text, judge):
    step = StepRun(start_time=value, end_time=value)
    assert step.start_time == step.end_time == text
    assert type(step.start_time) is str
    assert judge("StepRun")(dict(step))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        (-0.0, 0),
        (1e22, 10**22),
        (10**4300 - 1, 10**4300 - 1),
        (Level.LOW, 1),
        (Decimal(3), 3),
        (Array(3.0), 3),
    ],
)
def test_an_integer_is_an_int_even_if_a_float_was_given(value, number):
    read = StepRun(elapsed_time=value).elapsed_time
    assert (type(read), read) == (int, number)
    assert MILLISECONDS.check(value, REQUEST_RULES) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Word("text"), "text"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Vendor.OPENAI, "openai"),
        (date(2023, 5, 4), "2023-05-04"),
    ],
)
def test_a_string_is_a_plain_str_whatever_was_given(value, text):
    read = StepRunProvider(name=value).name
    assert (type(read), read) == (str, text)


def _run(**step):
    return PipelineRunRequest(name="n", step_runs=[{}, {}, {}, step])


@pytest.mark.parametrize(
    ("make", "error", "text", "path"),
    [
        (
            lambda: _run(elapsed_time="12"),
            ApiTypeError,
            "expected an integer, got str '12' at $.stepRuns[3].elapsedTime",
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsedTime=True),
            ApiTypeError,
            "expected an integer, got bool True at $.stepRuns[3].elapsedTime",
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsed_time=1.5),
            ApiTypeError,
            (
                "expected an integer, got float 1.5: give whole milliseconds: round(value) "
                "at $.stepRuns[3].elapsedTime"
            ),
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsed_time=timedelta(seconds=1)),
            ApiTypeError,
            (
                "expected an integer, got timedelta datetime.timedelta(seconds=1): "
                "give whole milliseconds: round(value / timedelta(milliseconds=1)) "
                "at $.stepRuns[3].elapsedTime"
            ),
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsed_time=None),
            ApiTypeError,
            "expected an integer, got None at $.stepRuns[3].elapsedTime",
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsed_time=float("nan")),
            ApiValueError,
            "expected a number that JSON has, got nan at $.stepRuns[3].elapsedTime",
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(elapsed_time=10**4300),
            ApiValueError,
            (
                "expected an integer of at most 4300 digits, got int of about 4301 digits "
                "at $.stepRuns[3].elapsedTime"
            ),
            ("stepRuns", 3, "elapsedTime"),
        ),
        (
            lambda: _run(start_time="yesterday"),
            ApiValueError,
            (
                "expected an RFC 3339 date and time such as '2023-05-04T09:30:00.125Z', "
                "got str 'yesterday' at $.stepRuns[3].startTime"
            ),
            ("stepRuns", 3, "startTime"),
        ),
        (
            lambda: _run(end_time=datetime(2023, 5, 4)),  # noqa: DTZ001 - naive is the mistake
            ApiValueError,
            (
                "expected a datetime with a time zone, got the naive datetime "
                "datetime.datetime(2023, 5, 4, 0, 0): make it aware, such as with "
                "datetime.now(timezone.utc) at $.stepRuns[3].endTime"
            ),
            ("stepRuns", 3, "endTime"),
        ),
        (
            lambda: _run(start_time=1683192600),
            ApiTypeError,
            "expected a string, got int 1683192600 at $.stepRuns[3].startTime",
            ("stepRuns", 3, "startTime"),
        ),
        (
            lambda: _run(provider=[]),
            ApiTypeError,
            "expected an object, got list [] at $.stepRuns[3].provider",
            ("stepRuns", 3, "provider"),
        ),
        (
            lambda: _run(provider={"inputs": []}),
            ApiTypeError,
            "expected an object, got list [] at $.stepRuns[3].provider.inputs",
            ("stepRuns", 3, "provider", "inputs"),
        ),
        (
            lambda: _run(provider={"name": b"x"}),
            ApiTypeError,
            (
                "expected a string, got bytes b'x': decode it, or encode it as base64 "
                "at $.stepRuns[3].provider.name"
            ),
            ("stepRuns", 3, "provider", "name"),
        ),
        (
            lambda: _run(provider={"outputs": {"a b": {1: 2}}}),
            ApiTypeError,
            "expected a string as key, got int 1 at $.stepRuns[3].provider.outputs['a b']",
            ("stepRuns", 3, "provider", "outputs", "a b"),
        ),
        (
            lambda: StepRun({1: 2}),
            ApiTypeError,
            "expected a string as key, got int 1 at $",
            (),
        ),
        (
            lambda: PipelineRunRequest(name="n"),
            ApiTypeError,
            "missing the required property 'stepRuns' or 'step_runs' at $",
            (),
        ),
        (
            lambda: PipelineRunRequest(step_runs=[]),
            ApiTypeError,
            "missing the required property 'name' at $",
            (),
        ),
        (
            lambda: PipelineRunRequest(name="n", step_runs={}),
            ApiTypeError,
            "expected an array, got dict {} at $.stepRuns",
            ("stepRuns",),
        ),
        (
            lambda: PipelineRunRequest(name="n", step_runs="steps"),
            ApiTypeError,
            "expected an array, got str 'steps' at $.stepRuns",
            ("stepRuns",),
        ),
        (
            lambda: PipelineRunRequest(name=None, step_runs=[]),
            ApiTypeError,
            "expected a string, got None at $.name",
            ("name",),
        ),
        (
            lambda: PipelineRunRequest(name="\ud800", step_runs=[]),
            ApiValueError,
            (
                "expected text that UTF-8 can carry, got the lone surrogate '\\ud800' "
                "at character 0 of str '\\ud800' at $.name"
            ),
            ("name",),
        ),
        (lambda: PipelineRunRequest(1), ApiTypeError, "expected an object, got int 1 at $", ()),
        (
            lambda: PipelineRunRequest({}, {}),
            ApiTypeError,
            "PipelineRunRequest takes one mapping and keywords, got 2 arguments",
            None,
        ),
        (
            lambda: PipelineRunRequest([("name", "n"), ("stepRuns", [])]),
            ApiTypeError,
            "expected an object, got list [('name', 'n'), ('stepRuns', [])] at $",
            (),
        ),
        (
            lambda: PipelineRunRequest(StepRun(elapsed_time=1)),
            ApiTypeError,
            "missing the required property 'name' at $",
            (),
        ),
    ],
)
def test_an_error_names_what_was_expected_what_was_given_and_where(make, error, text, path):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == text
    assert caught.value.path_to_item == path


@pytest.mark.parametrize(
    "huge",
    [
        {"name": ["x" * 10**6] * 10**4},
        {"name": {str(n): "x" * 10**6 for n in range(100)}},
        {"name": 10**4299},
        {"name": 7 << 10**6},
        {"name": "x" * 10**6 + "\udfff" + "x" * 10**6},
        {"name": Foreign},
        {"name": type("K" * 10**6, (), {})()},
        {"name": Enum("E" * 10**6, {"k" * 10**6: Foreign()})["k" * 10**6]},
        {"inputs": {"k" * 10**6: {"l" * 10**6: float("inf")}}},
        {"inputs": {"a-b" * 10**6: {7 << 10**6: 1}}},
    ],
)
def test_huge_values_are_cut_in_messages(huge):
    with pytest.raises((ApiTypeError, ApiValueError)) as caught:
        StepRunProvider(huge)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize("name", ["k" * 10**6, "k y" * 10**6])
@pytest.mark.parametrize("read", [StepRun.__getitem__, StepRun.delete, getattr])
def test_huge_names_are_cut_in_messages(read, name):
    with pytest.raises((ApiKeyError, ApiAttributeError), match=r"^StepRun has no 'k") as caught:
        read(StepRun(), name)
    assert len(str(caught.value)) < 200
