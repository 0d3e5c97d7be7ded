"""Strategies: JSON values near to and far from what a schema of the document allows."""

import copy
from pathlib import Path

import yaml
from hypothesis import strategies as st

from gentrace.schemas import ArraySchema

DOCUMENT = yaml.safe_load(Path(__file__).parents[2].joinpath("openapi.yaml").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
WIRE_NAMES = sorted({name for schema in SCHEMAS.values() for name in schema["properties"]})

# A huge number is made, not listed: the text of a strategy shows what is listed.
integers = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**63, -(2**63) - 1, 2**64]),
    st.builds(lambda sign: sign * (10**4300 - 1), st.sampled_from([1, -1])),
)
floats = st.floats(allow_nan=False, allow_infinity=False)
whole_floats = st.sampled_from([0.0, -0.0, 1.0, -12.0, 1e22, 2.0**63, 1.7976931348623157e308])
scalars = st.none() | st.booleans() | integers | floats | whole_floats | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def _two(*numbers):
    return st.sampled_from([f"{number:02}" for number in numbers])


_years = st.sampled_from(
    ["0000", "0001", "1900", "2000", "2023", "2024", "2100", "9999", "202", ""]
)
date_times = st.one_of(
    st.datetimes().map(lambda value: f"{value.isoformat()}Z"),
    st.builds(
        "{}-{}-{}{}{}:{}:{}{}{}".format,
        _years | st.just("2024"),
        _two(1, 2, 2, 4, 12, 0, 13),
        _two(1, 28, 29, 30, 31, 0, 32),
        st.sampled_from(["T", "T", "t", " ", "_"]),
        _two(0, 23, 23, 24),
        _two(0, 59, 60),
        _two(0, 59, 60, 61),
        st.sampled_from(["", "", ".5", ".123456789", ".", ",5", ".٣"]),
        st.sampled_from(
            ["Z", "Z", "z", "+00:00", "-23:59", "+24:00", "+0100", "-00:60", "", "Z\n"]
        ),
    ),
)
valid_date_times = st.datetimes(allow_imaginary=False).map(lambda value: f"{value.isoformat()}Z")
plain_keys = st.text(max_size=4) | st.sampled_from(WIRE_NAMES)


def valid_values(schema, dates=date_times):
    """Make what the named or given schema allows, but for the dates if they are not all valid."""
    if isinstance(schema, str):
        schema = SCHEMAS[schema]
    if "allOf" in schema:
        (schema,) = schema["allOf"]
    if "$ref" in schema:
        return valid_values(schema["$ref"].rsplit("/", 1)[1], dates)
    if schema["type"] == "string":
        return dates if "format" in schema else st.text(max_size=8)
    if schema["type"] == "integer":
        return integers | whole_floats
    if schema["type"] == "array":
        return st.lists(valid_values(schema["items"], dates), max_size=3)
    assert schema["type"] == "object", f"no values are made here yet for {schema}"
    unknown = st.dictionaries(st.text(max_size=4), json_values, max_size=2)
    if "properties" not in schema:
        return unknown
    declared = {name: valid_values(item, dates) for name, item in schema["properties"].items()}
    required = {name: declared.pop(name) for name in schema.get("required", ())}
    known = st.fixed_dictionaries(required, optional=declared)
    return st.builds(dict.__or__, unknown, known)


def places_of(value):
    """Give each container in a value with each of its keys, the value itself included."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, item in items:
        yield value, key
        if isinstance(item, dict | list):
            yield from places_of(item)


@st.composite
def _flawed(draw, values):
    """Break a value at one place, if that is the word for what then may still be valid."""
    value = copy.deepcopy(draw(values))
    places = list(places_of(value))
    if not places:
        return draw(json_values)
    container, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        container[key] = draw(json_values)
    elif isinstance(container, dict) and draw(st.booleans()):
        container[draw(plain_keys)] = container.pop(key)
    else:
        del container[key]
    return value


def near_values(name):
    """Make JSON values of which about half are what the component allows."""
    valid = valid_values(name)
    return st.one_of(
        valid_values(name, valid_date_times),
        valid,
        _flawed(valid),
        _flawed(valid),
        st.dictionaries(plain_keys, json_values, max_size=3) | json_values,
    )


def same(left, right):
    """Whether two JSON values are one and the same: neither true nor a string is 1, 1.0 is."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def respell(value, model, spell):
    """Copy a value, with the names of declared properties as `spell(property)` has them."""
    if not isinstance(value, dict):
        return value
    spelled = {}
    for key, item in value.items():
        declared = model.properties_oapg.get(key)
        if declared is None:
            spelled[key] = item
            continue
        schema, name = declared.schema, spell(declared)
        if isinstance(schema, ArraySchema) and isinstance(item, list):
            spelled[name] = [respell(each, schema.items.model, spell) for each in item]
        else:
            inner = getattr(schema, "model", None)
            spelled[name] = item if inner is None else respell(item, inner, spell)
    return spelled
