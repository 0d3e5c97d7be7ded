"""What the checks stand on."""

import pytest
from jsonschema import FormatChecker

from gentrace.local import checks


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
    assert checks.same_value(text, other)


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
    assert not checks.same_value(text, other)


def test_without_a_checker_of_dates_there_is_no_server(monkeypatch):
    rest = {name: each for name, each in FormatChecker.checkers.items() if name != "date-time"}
    monkeypatch.setattr(FormatChecker, "checkers", rest)
    with pytest.raises(ImportError, match="rfc3339-validator"):
        checks.RunChecker()
