"""JSON text: how it is written and read, and which encoder writes it."""

import json
import sys

import pytest
from support.bodies import BODY, reference, run_of

from gentrace.exceptions import ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import REQUEST_RULES, decode, encode, find_encoder


def test_without_orjson_the_standard_library_writes_everything(monkeypatch):
    monkeypatch.setitem(sys.modules, "orjson", None)
    find_encoder.cache_clear()
    assert find_encoder("auto") is None
    find_encoder.cache_clear()


def test_orjson_is_looked_for_once(monkeypatch):
    """A search of the import path that finds nothing takes longer than writing a small value."""
    find_encoder("auto")
    monkeypatch.setitem(sys.modules, "orjson", None)
    first = find_encoder("auto")
    monkeypatch.undo()
    assert find_encoder("auto") is first


def test_an_encoder_may_refuse_what_it_cannot_write_and_write_null_for_nan():
    """As orjson does; here without it."""

    def refuse(value):
        raise TypeError(value)

    def write_null(value):
        return json.dumps(value).replace("NaN", "null").encode()

    value = run_of(extra=[None, {"null": 1.5}])
    assert BODY.serialize(value, REQUEST_RULES, refuse) == reference(value)
    assert json.loads(BODY.serialize(value, REQUEST_RULES, write_null)) == value
    with pytest.raises(ApiValueError, match=r"got nan at \$\.stepRuns\[1\]\.extra\[0\]"):
        BODY.serialize(run_of(extra=[float("nan"), 10]), REQUEST_RULES, write_null)


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
