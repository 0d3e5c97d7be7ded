"""Depth, cycles, digits and memory: the same limits on every way to the wire and from it."""

import contextlib
import gc
import json
import subprocess
import sys
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import BODY, agree, nest, run_of

from gentrace.exceptions import ApiValueError
from gentrace.schemas import REQUEST_RULES, decode


@pytest.mark.parametrize("wrap", [lambda array: array, lambda array: {"a": [{"b": array}]}])
def test_a_long_array_needs_no_memory_to_be_looked_at(wrap):
    value = run_of(extra=wrap([1] * 1_000_000))
    tracemalloc.start()
    try:
        assert BODY.admits(value)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("levels", [199, 200, 201, 253, 254, 255, 256, 1200])
@pytest.mark.parametrize(
    ("wrap", "leaf"), [(lambda inner: {"a": inner}, {}), (lambda inner: [inner], [])]
)
def test_the_limit_of_depth_is_the_same_on_every_path(levels, wrap, leaf, dumps):
    """Whatever the encoder's own limit is."""
    deep = nest(levels - 1, leaf, wrap)
    for value in (run_of(extra=deep), run_of(extra=1) | {"extra": deep}):
        assert isinstance(agree(value, dumps), bytes) == (levels <= 200)


@pytest.mark.parametrize("limit", [1000, 10**6])
@pytest.mark.parametrize(
    "shape",
    [
        "deep = [deep]",
        "deep = {'a': deep}",
        "deep = (deep,)",
        "deep = {'a': deep, 'b': deep}",
        "deep = [deep, deep]",
        "deep = [deep] * 20",
        "deep['a'] = deep",
        "deep['a'] = (deep,)",
        "deep['a'] = [deep, deep]",
    ],
)
def test_no_content_crashes_the_interpreter_or_keeps_it_busy(shape, limit):
    """Nor with a raised recursion limit, in a thread with a small stack."""
    program = f"""
import sys, threading
from gentrace.exceptions import ApiValueError
from gentrace.models import PipelineRunRequest
from gentrace.schemas import REQUEST_RULES, ObjectSchema, find_encoder
sys.setrecursionlimit({limit})
deep = {{}}
for _ in range(10**5):
    {shape}

def serialize():
    for setting in ("json", "auto"):
        try:
            ObjectSchema(PipelineRunRequest).serialize(
                {{"name": "n", "stepRuns": [], "x": deep}}, REQUEST_RULES, find_encoder(setting)
            )
        except ApiValueError as error:
            print(error.path_to_item[0])

threading.stack_size(256 * 1024)
thread = threading.Thread(target=serialize)
thread.start()
thread.join()
# Nor may its end: to free what is nested so deeply is not what is tested.
sys.stdout.flush()
__import__("os")._exit(0)
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "x\nx\n", "")


def test_a_process_with_another_limit_of_digits_has_the_same_verdicts(dumps):
    program_limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(0)
        assert agree(run_of(extra=10**4300), dumps)[2] == ("stepRuns", 1, "extra")
        assert isinstance(agree(run_of(extra=10**4300 - 1), dumps), bytes)
        sys.set_int_max_str_digits(640)
        assert isinstance(agree(run_of(extra=2**70), dumps), bytes)
        with pytest.raises(ApiValueError, match="cannot be written as JSON: Exceeds the limit"):
            BODY.serialize(run_of(extra=10**700), REQUEST_RULES, dumps)
    finally:
        sys.set_int_max_str_digits(program_limit)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_integer_of_too_many_digits_in_a_long_array_is_refused_with_its_place(sign, dumps):
    value = run_of(extra=[7] * 40 + [sign * 10**4300])
    assert agree(value, dumps)[2] == ("stepRuns", 1, "extra", 40)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
@pytest.mark.parametrize(("levels", "allowed"), [(199, True), (200, True), (201, False)])
def test_an_answer_may_be_nested_200_levels_deep_and_no_deeper(brackets, levels, allowed):
    start, end = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    text = start * (levels - 1) + brackets + end * (levels - 1)
    flat = f"[{text}]" if levels < 200 else text
    for data in (text, text + " ", flat.replace(":", " : ")):
        if allowed:
            decode(data.encode())
        else:
            with pytest.raises(ValueError, match=r"^nested deeper than 200 levels$"):
                decode(data.encode())


@pytest.mark.parametrize(
    "text",
    [
        "[" * 500,
        "]" * 500,
        r"\"[[" * 200,
        "\\" * 7 + "[" * 300,
        '"' + "{[" * 200,
        '\\"' + "[" * 300,
    ],
)
def test_brackets_inside_of_strings_do_not_count(text):
    """Nor do those that are closed again."""
    value = {text: [text, [[text]] * 300], "b": [{}, []] * 300}
    assert decode(json.dumps(value).encode()) == value


@given(
    st.recursive(
        st.text('"\\[]{}u0a', max_size=6) | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\[', max_size=3), inner)
        ),
        max_leaves=12,
    ),
    st.integers(185, 199),
)
def test_depth_is_that_of_the_value(value, levels):
    """With any text inside: the verdict is that of counting the levels of what was written."""
    deepest = _depth(value)
    whole = [nest(levels, value, lambda inner: [inner]), [[]] * 200]
    data = json.dumps(whole).encode()
    if levels + 1 + deepest <= 200:
        assert decode(data) == whole
    else:
        with pytest.raises(ValueError, match="nested deeper"):
            decode(data)


def _depth(value):
    if not isinstance(value, list | dict):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, items), default=0)


@pytest.mark.parametrize("data", ["[", '{"a":', '[{"a":[', '["[",'])
def test_no_answer_crashes_the_interpreter(data):
    """Nor with a raised recursion limit, in a thread with a small stack."""
    program = f"""
import sys, threading
from gentrace.schemas import decode
sys.setrecursionlimit(10**6)

def read():
    for data in ({data!r} * 200_000, {data!r} * 66, "[" * 200 + "]" * 200):
        try:
            print(len(decode(data.encode())))
        except ValueError as error:
            print(type(error).__name__)

threading.stack_size(128 * 1024)
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    shown = done.stdout.split()
    assert (done.returncode, done.stderr) == (0, "")
    assert shown[0] == "ValueError"
    assert shown[1] in {"ValueError", "JSONDecodeError"}
    assert shown[2] == "1"


@pytest.fixture(params=[640, 4300, 0])
def digits(request):
    """The interpreter's limit of digits."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(request.param)
    yield request.param
    sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_answer_may_have_integers_of_4300_digits_and_no_longer(digits, sign):
    """Whatever the interpreter's own limit is, unless that is lower; a text may be longer."""
    assert decode(f'{{"a": "{"9" * 5000}"}}'.encode()) == {"a": "9" * 5000}
    decode(f"[{sign}{'9' * min(4300, digits or 4300)}]".encode())
    with pytest.raises(ValueError, match=r"^an integer of more than 4300 digits$"):
        decode(f"[{sign}{'9' * 4301}]".encode())


@pytest.mark.parametrize("digits", [0], indirect=True)
@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    "make",
    [
        lambda size: "9" * size,
        lambda size: "[" + ("9" * 4300 + ",") * (size // 4301) + "1]",
        lambda size: "0." + "9" * size,
        lambda size: "1" + "0" * size + ".5",
        lambda size: "[" * size,
        lambda size: "[" + "[]," * (size // 3) + "1]",
        lambda size: "[" * 300 + '\\"' * (size // 2),
        lambda size: '"' + "[" * 300 + '\\"' * (size // 2),
        lambda size: "[" * 199 + '"[",' * (size // 4),
        lambda size: "[" * 201 + "]" * size,
    ],
)
def test_no_answer_takes_longer_to_read_than_ten_times_a_plain_text_of_its_size(make):
    """The plain text is a list of short lists: neither the quickest to read nor the slowest."""
    data = make(300_000).encode()
    plain = json.dumps([["word", 1]] * (len(data) // 13)).encode()
    assert _quickest(data) <= 10 * _quickest(plain)


def _quickest(data):
    """Give the shortest of three times: what others do on the machine adds to each.

    Without collections of garbage, which take long where other tests have left much.
    """
    took = []
    gc.disable()
    try:
        for _ in range(3):
            start = time.process_time()
            with contextlib.suppress(ValueError):
                decode(data)
            took.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(took)
