"""Numbers, booleans, null and any value: the verdict is that of JSON Schema."""

from decimal import Decimal
from enum import Enum

import pytest
from frozendict import frozendict
from hypothesis import given
from hypothesis import strategies as st

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.schemas import DATE_TIME, INTEGER, REQUEST_RULES, STRING, ArraySchema
from gentrace.schemas.more_types import ANY, BOOLEAN, NUMBER, NullableSchema

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=4,
)


class Answer(Enum):
    YES = True


def outcome(schema, value):
    """The checked value, or the class of the error."""
    try:
        return schema.check(value, REQUEST_RULES)
    except (ApiTypeError, ApiValueError) as error:
        return type(error)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (NUMBER, {"type": "number"}),
        (BOOLEAN, {"type": "boolean"}),
        (NullableSchema(NUMBER), {"type": ["number", "null"]}),
        (NullableSchema(STRING), {"type": ["string", "null"]}),
        (NullableSchema(DATE_TIME), {"type": ["string", "null"], "format": "date-time"}),
        (ANY, {}),
        (ArraySchema(ANY), {"type": "array"}),
    ],
    ids=lambda each: str(each) if isinstance(each, dict) else "",
)
def test_the_verdict_is_that_of_json_schema(schema, said, judge):
    judged = judge(said)

    @given(VALUES)
    def compare(value):
        is_allowed = outcome(schema, value) not in {ApiTypeError, ApiValueError}
        assert is_allowed is judged(value)

    compare()


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (NUMBER, 5, 5),
        (NUMBER, 5.0, 5.0),
        (NUMBER, Decimal("0.5"), 0.5),
        (BOOLEAN, Answer.YES, True),
        (NullableSchema(NUMBER), None, None),
        (ANY, {"a": [1, None]}, frozendict(a=(1, None))),
    ],
)
def test_a_value_becomes_the_json_that_it_stands_for(schema, value, expected):
    checked = outcome(schema, value)
    assert (type(checked), checked) == (type(expected), expected)


@pytest.mark.parametrize(
    ("schema", "value", "error", "words"),
    [
        (NUMBER, True, ApiTypeError, "expected a number, got bool True"),
        (NUMBER, "1", ApiTypeError, "expected a number, got str '1'"),
        (NUMBER, None, ApiTypeError, "expected a number, got None"),
        (NUMBER, float("nan"), ApiValueError, "expected a number that JSON has, got nan"),
        pytest.param(NUMBER, 10**4300, ApiValueError, "at most 4300 digits", id="digits"),
        (INTEGER, 1.5, ApiTypeError, r"expected an integer, got float 1.5: round\(value\)"),
        (BOOLEAN, 1, ApiTypeError, "expected a boolean, got int 1"),
        (BOOLEAN, "true", ApiTypeError, "expected a boolean, got str 'true'"),
        (NullableSchema(BOOLEAN), 0, ApiTypeError, "expected a boolean, got int 0"),
        (ANY, {1: 2}, ApiTypeError, "expected a string as key, got int 1"),
        (ANY, object(), ApiTypeError, "expected a JSON value"),
    ],
)
def test_what_is_refused_says_what_was_expected(schema, value, error, words):
    with pytest.raises(error, match=words):
        schema.check(value, REQUEST_RULES)


def test_null_is_named_in_what_is_expected():
    schema = NullableSchema(DATE_TIME)
    assert schema.expected == f"{DATE_TIME.expected} or null"
    assert (schema.type, schema.format) == ("string", "date-time")
