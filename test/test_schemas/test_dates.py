"""Dates and times of RFC 3339: which texts are some, and which moment each means."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from support.effort import times
from support.json_values import date_times

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import StepRun
from gentrace.schemas import DATE_TIME, REQUEST_RULES, Rules, as_datetime


def _accepts(text):
    try:
        return StepRun(start_time=text).start_time == text
    except ApiValueError as error:
        assert error.path_to_item == ("startTime",)  # noqa: PT017 - only some texts are refused
        return False


@settings(max_examples=times(1500))
@given(text=date_times)
@example(text="2016-12-31T23:59:60Z")
@example(text="2016-12-31T23:59:60+00:00")
@example(text="2023-05-04T24:00:00Z")
@example(text="2023-05-04T09:30:00.Z")
@example(text="2023-05-04T09:30:00,5Z")
@example(text="٢٠٢٣-05-04T09:30:00Z")
@example(text="2023-05-04T09:30:00Z\n")
@example(text="2023-05-04T09:30:00Z\0")
@example(text=" 2023-05-04T09:30:00Z")
@example(text="2023-05-04T09:30Z")
@example(text="2023-05-04")
@example(text="20230504T093000Z")
@example(text="2023-W18-4T09:30:00Z")
@example(text="2023-124T09:30:00Z")
@example(text="+2023-05-04T09:30:00Z")
@example(text="2023-05-04T09:30:00−01:00")  # noqa: RUF001 - a minus sign that is no hyphen
def test_the_verdict_on_a_text_is_that_of_an_independent_checker(text, judge):
    allowed = judge({"type": "string", "format": "date-time"})(text)
    assert _accepts(text) == allowed
    if allowed:
        assert as_datetime(text).utcoffset() is not None


@pytest.mark.parametrize("year", [1, 1900, 2000, 2023, 2024, 2100, 9999])
def test_each_day_of_a_year_is_real_or_not_as_the_calendar_has_it(year):
    for month, day in itertools.product(range(14), range(33)):
        text = f"{year:04}-{month:02}-{day:02}T00:00:00Z"
        try:
            real = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            assert not _accepts(text)
            with pytest.raises(ApiValueError):
                as_datetime(text)
        else:
            assert _accepts(text)
            assert as_datetime(text) == real


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29T09:30:00Z", datetime(2024, 2, 29, 9, 30, tzinfo=UTC)),
        ("2024-02-29t09:30:00z", datetime(2024, 2, 29, 9, 30, tzinfo=UTC)),
        (
            "2023-05-04T09:30:00.125+05:30",
            datetime(2023, 5, 4, 9, 30, 0, 125000, timezone(timedelta(hours=5, minutes=30))),
        ),
        ("2023-05-04T09:30:00.1-00:00", datetime(2023, 5, 4, 9, 30, 0, 100000, UTC)),
        ("2023-05-04T09:30:00.1234569Z", datetime(2023, 5, 4, 9, 30, 0, 123456, UTC)),
        ("2023-05-04T09:30:00." + "9" * 5000 + "Z", datetime(2023, 5, 4, 9, 30, 0, 999999, UTC)),
        (
            "2023-05-04T00:00:00-23:59",
            datetime(2023, 5, 4, tzinfo=timezone(-timedelta(hours=23, minutes=59))),
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_text_becomes_the_aware_datetime_that_it_means(text, moment):
    assert as_datetime(text) == moment
    assert as_datetime(text).utcoffset() == moment.utcoffset()
    assert as_datetime(StepRun(start_time=moment).start_time) == as_datetime(moment) == moment


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("2023-02-29T00:00:00Z", ApiValueError),
        ("2023-05-04T09:30:00", ApiValueError),
        ("2023-05-04", ApiValueError),
        ("", ApiValueError),
        ("2023-05-04T09:30:00Z\n", ApiValueError),
        ("2023-05-04T09:30:00Z\n2023-05-04T09:30:00Z", ApiValueError),
        ("x" * 10**6, ApiValueError),
        (None, ApiTypeError),
        (1683192600, ApiTypeError),
        (datetime(2023, 5, 4, 9, 30), ApiValueError),  # noqa: DTZ001 - naive is the mistake
        (b"2023-05-04T09:30:00Z", ApiTypeError),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_date_time_is_refused(value, error):
    with pytest.raises(error, match="expected") as caught:
        as_datetime(value)
    assert len(str(caught.value)) < 300


def test_a_format_that_is_switched_off_lets_any_text_pass_and_nothing_else():
    loose = Rules(disabled=frozenset({"format"}))
    assert DATE_TIME.check("yesterday", loose) == "yesterday"
    with pytest.raises(ApiTypeError):
        DATE_TIME.check(1, loose)
    with pytest.raises(ApiValueError):
        DATE_TIME.check("yesterday", REQUEST_RULES)
