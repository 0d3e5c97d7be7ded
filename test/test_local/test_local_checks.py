"""What the checks stand on."""

import json
import tracemalloc

import pytest
from jsonschema import FormatChecker

from gentrace.local import checks, strict_json
from gentrace.local.cpu_budget import CpuBudget
from gentrace.local.responses import RequestError


def cpu_budget(limit):
    budget = CpuBudget(limit)
    budget.start()
    return budget


def test_each_body_has_the_whole_cpu_time(monkeypatch):
    """However long the thread has computed for others."""
    budget = CpuBudget(2)
    for start in (0, 100):
        monkeypatch.setattr("time.thread_time", lambda start=start: start)
        budget.start()
        monkeypatch.setattr("time.thread_time", lambda start=start: start + 2)
        budget.check()
        monkeypatch.setattr("time.thread_time", lambda start=start: start + 2.1)
        with pytest.raises(RequestError, match="takes longer than 2 seconds"):
            budget.check()


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("[1.10]", "[1.1]"),
        ("[1E2]", "[100]"),
        ("[0e99999999999999999999]", "[0]"),
        ("[0.0, -0]", "[0, 0e9]"),
        ("[-120e-1]", "[-12]"),
        ('{"a": 1, "b": [true, null]}', '{"b":[true,null],"a":1.0}'),
        ('"\\u00e9"', '"é"'),
        ("1e" + "9" * 5000, "1e" + "9" * 5000),
    ],
)
def test_one_value_in_two_spellings_is_the_same(text, other):
    assert strict_json.same_value(text, other, cpu_budget(60))


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
    assert not strict_json.same_value(text, other, cpu_budget(60))


def test_without_a_checker_of_dates_there_is_no_server(monkeypatch):
    rest = {name: each for name, each in FormatChecker.checkers.items() if name != "date-time"}
    monkeypatch.setattr(FormatChecker, "checkers", rest)
    with pytest.raises(ImportError, match="rfc3339-validator"):
        checks.RunChecker(cpu_budget(60))


def test_a_body_of_many_steps_is_checked_only_so_long():
    """Else 64 KB of gzip that hold 20 million steps would keep the server busy for minutes."""
    run = b'{"name": "n", "stepRuns": [' + b"{}," * 1000 + b"{}]}"
    assert checks.RunChecker(cpu_budget(60)).check(run) == (run.decode(), json.loads(run))
    with pytest.raises(RequestError, match=r"takes longer than 1e-06 seconds to check") as caught:
        checks.RunChecker(cpu_budget(1e-6)).check(run)
    assert caught.value.status == 413


@pytest.mark.parametrize("member", ["[]", "{}", '"\\ud83d\\ude00"', "1.5", "12345678"])
def test_a_body_is_checked_in_the_memory_that_parsing_it_takes(member):
    text = f"[{', '.join([member] * 50_000)}]"
    # Its bytes and its text are there beside its value.
    most = 1.2 * _peak(json.loads, text) + 3 * len(text) + 2**17
    assert _peak(strict_json.parse, text.encode(), cpu_budget(60)) < most


def test_numbers_of_two_bodies_are_compared_in_about_the_memory_of_parsing_both():
    text = f"[{', '.join(str(number / 8) for number in range(50_000))}]"
    most = 4 * _peak(json.loads, text)
    assert _peak(strict_json.same_value, text, f"{text} ", cpu_budget(60)) < most


def _peak(function, *args):
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
