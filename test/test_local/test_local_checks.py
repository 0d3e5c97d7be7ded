"""What the checks stand on."""

import json
import tracemalloc

import pytest
from jsonschema import FormatChecker

from gentrace.local import checks, json_text
from gentrace.local.clock import Clock
from gentrace.local.refusal import Refusal


def clock(patience):
    started = Clock(patience)
    started.start()
    return started


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("[1.10]", "[1.1]"),
        ("[1E2]", "[100]"),
        ("[0.0, -0]", "[0, 0e9]"),
        ("[-120e-1]", "[-12]"),
        ('{"a": 1, "b": [true, null]}', '{"b":[true,null],"a":1.0}'),
        ('"\\u00e9"', '"é"'),
        ("1e" + "9" * 5000, "1e" + "9" * 5000),
    ],
)
def test_one_value_in_two_spellings_is_the_same(text, other):
    assert json_text.same_value(text, other, clock(60))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1", "-1"),
        ("1", "true"),
        ("0", "false"),
        ("0", "null"),
        ("1", '"1"'),
        ("[1]", '{"1": 1}'),
        ("0.1", "0.10000000000000000000001"),
        ("12345678901234567890", "12345678901234567891"),
        ("1e400", "1e401"),
        ("1e" + "9" * 5000, "1e" + "8" * 5000),
        ('["", "1", "0"]', "1"),
    ],
)
def test_two_values_are_not_the_same_however_near(text, other):
    assert not json_text.same_value(text, other, clock(60))


def test_without_a_checker_of_dates_there_is_no_server(monkeypatch):
    rest = {name: each for name, each in FormatChecker.checkers.items() if name != "date-time"}
    monkeypatch.setattr(FormatChecker, "checkers", rest)
    with pytest.raises(ImportError, match="rfc3339-validator"):
        checks.RunChecker(clock(60))


def test_a_body_of_many_steps_is_checked_only_so_long():
    """Else 64 KB of gzip that hold 20 million steps would keep the server busy for minutes."""
    run = b'{"name": "n", "stepRuns": [' + b"{}," * 1000 + b"{}]}"
    assert checks.RunChecker(clock(60)).check(run) == (run.decode(), json.loads(run))
    with pytest.raises(Refusal, match=r"takes longer than 1e-06 seconds to check") as caught:
        checks.RunChecker(clock(1e-6)).check(run)
    assert caught.value.status == 413


@pytest.mark.parametrize("member", ["[]", "{}", '"\\ud83d\\ude00"', "1.5", "12345678"])
def test_a_body_is_checked_in_the_memory_that_parsing_it_takes(member):
    text = f"[{', '.join([member] * 50_000)}]"
    # Its bytes and its text are there beside its value.
    most = 1.2 * _peak(json.loads, text) + 3 * len(text) + 2**17
    assert _peak(json_text.parse, text.encode(), clock(60)) < most


def _peak(function, *args):
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
