"""The tree of exceptions, and what each says; see test_api_client for where they arise."""

import copy
import pickle
import re

import pytest

from gentrace import exceptions
from gentrace.api_client import ApiResponseWithoutDeserialization
from gentrace.exceptions import (
    ApiAttributeError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    OpenApiException,
    RedirectException,
)
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.paths.pipeline_run.post import ApiResponseFor400
from gentrace.schemas import FREE_OBJECT, REQUEST_RULES, unset

CALLERS_MISTAKES = {
    ApiTypeError: TypeError,
    ApiValueError: ValueError,
    ApiKeyError: KeyError,
    ApiAttributeError: AttributeError,
}
OF_A_CALL = [
    item
    for item in vars(exceptions).values()
    if isinstance(item, type) and issubclass(item, ApiException)
]


def drawn_tree():
    """Each class of the module docstring's drawing, with its parent's name."""
    above, parents = {}, {}
    for line in exceptions.__doc__.splitlines():
        found = re.match(r"    ((?:│   |    )*)(?:[├└]── )?([A-Z]\w+)", line)
        if found:
            indent, name = line.index(found[2]), found[2]
            above[indent] = name
            parents[name] = above.get(indent - 4)
    return parents


def test_docstring_draws_the_tree():
    """It has every public exception and warning under the class it derives from, and no other."""
    public = {
        name: item
        for name, item in vars(exceptions).items()
        if isinstance(item, type)
        and issubclass(item, (OpenApiException, Warning))
        and name[0] != "_"
    }

    def parent(item):
        known = [base for base in item.__mro__[1:] if base in public.values()]
        return known[0].__name__ if known else None

    assert drawn_tree() == {name: parent(item) for name, item in public.items()}


def test_status_that_a_class_and_the_drawing_say_is_that_of_the_class():
    said = {
        name: int(status) for name, status in re.findall(r"(\w+) +(\d{3})\n", exceptions.__doc__)
    }
    for item in OF_A_CALL:
        found = re.match(r"(\d{3}): ", item.__doc__)
        status = said.pop(item.__name__, None)
        assert status == (int(found[1]) if found else None), item
        if status is not None:
            assert exceptions.exception_class(status) is item
    assert said == {}


@pytest.mark.parametrize(("kind", "builtin"), CALLERS_MISTAKES.items())
def test_mistake_of_the_caller_is_no_failure_of_a_call(kind, builtin):
    assert issubclass(kind, builtin)
    assert issubclass(kind, OpenApiException)
    assert not issubclass(kind, ApiException)


def test_failure_of_a_call_is_no_mistake_of_the_caller():
    for kind in OF_A_CALL:
        assert not issubclass(kind, (*CALLERS_MISTAKES, *CALLERS_MISTAKES.values(), OSError)), kind


@pytest.mark.parametrize("kind", CALLERS_MISTAKES)
@pytest.mark.parametrize(
    ("path", "text"),
    [
        (None, "wrong"),
        ((), "wrong at $"),
        (("stepRuns", 3, "elapsedTime"), "wrong at $.stepRuns[3].elapsedTime"),
        (("a key", "ключ"), "wrong at $['a key'].ключ"),
        (("'", "\n"), """wrong at $["'"]['\\n']"""),
    ],
)
def test_mistake_names_its_place(kind, path, text):
    error = kind("wrong", path)
    assert (str(error), error.message, error.path_to_item) == (text, "wrong", path)


@pytest.mark.parametrize("key", ["k" * 100_000, "k y" * 100_000])
def test_long_key_is_cut_in_the_text_alone(key):
    error = ApiValueError("wrong", (key,))
    assert len(str(error)) < 200
    assert "…" in str(error)
    assert error.path_to_item == (key,)


def test_deep_place_is_cut_in_the_middle():
    path = ("first", *range(10_000), "last")
    text = str(ApiValueError("wrong", path))
    assert text.startswith("wrong at $.first[0][1]")
    assert "…" in text
    assert text.endswith("[9999].last")
    assert len(text) < 300


def test_mistake_in_a_value_is_raised_with_its_place():
    with pytest.raises(ApiTypeError) as caught:
        PipelineRunRequest({"name": "n", "stepRuns": [{}, {"elapsedTime": "12"}]})
    assert str(caught.value) == "expected an integer, got str '12' at $.stepRuns[1].elapsedTime"
    assert caught.value.path_to_item == ("stepRuns", 1, "elapsedTime")


@pytest.mark.parametrize("kind", CALLERS_MISTAKES)
@pytest.mark.parametrize(
    "make_twin",
    [
        copy.copy,
        copy.deepcopy,
        lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own
    ],
)
def test_copy_of_a_mistake_has_its_notes_and_attributes(kind, make_twin):
    error = kind("wrong", ("a", 1))
    error.add_note("while handling order 17")
    error.order = 17
    twin = make_twin(error)
    assert (twin.__notes__, twin.order) == (["while handling order 17"], 17)
    assert (str(twin), twin.args) == (str(error), error.args)


@pytest.mark.parametrize("kind", CALLERS_MISTAKES)
def test_mistake_is_pickled_with_its_place(kind):
    error = kind("wrong", ("a", 1))
    moved = kind("wrong", (1,))
    moved.move_under("a")
    for twin in (
        pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own
        copy.copy(error),
        moved,
        pickle.loads(pickle.dumps(moved)),  # noqa: S301 - our own
    ):
        assert type(twin) is kind
        assert (str(twin), twin.path_to_item) == (str(error), error.path_to_item)
        assert (repr(twin), twin.args) == (repr(error), ("wrong", ("a", 1)))


def test_mistake_in_a_value_shows_its_place_in_every_form():
    cycle = {}
    cycle["a"] = cycle
    for content in ({"a": [b""]}, cycle):
        with pytest.raises((ApiTypeError, ApiValueError)) as caught:
            FREE_OBJECT.check(content, REQUEST_RULES)
        error = caught.value
        assert error.args == (error.message, error.path_to_item)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


@pytest.mark.parametrize(
    "kind",
    [
        type("Kind", (), {"__repr__": lambda _: "\ud800\r\n\x1b[2J"}),
        type("Kind", (), {"__repr__": lambda _: "\u202egnp.exe"}),
        type("Kind\r\n\x1b[2J", (), {"__repr__": lambda _: "shown"}),
    ],
)
def test_text_of_a_mistake_prints_on_one_line_whatever_a_value_says_of_itself(kind):
    with pytest.raises(ApiTypeError, match=r"^expected a string, got Kind.*\\.* at") as caught:
        PipelineRunRequest(name=kind(), step_runs=[])
    assert str(caught.value).isprintable()


def test_exception_of_nothing_has_documented_defaults():
    error = ApiException()
    assert vars(error) == {
        "status": 0,
        "reason": None,
        "api_response": None,
        "body": b"",
        "headers": None,
        "retry_after": None,
        "idempotency_key": None,
        "tries": 0,
    }
    assert str(error) == "(0)"


@pytest.mark.parametrize(
    ("reason", "body", "text"),
    [
        ("Bad Request", b"", "(400) Bad Request"),
        (None, b"no such step", "(400): no such step"),
        ("Bad Request", b"  one\r\n\ttwo  ", "(400) Bad Request: one two"),
        ("Bad\x1b[2J\nRequest", b"", r"(400) Bad\x1b[2J Request"),
        ("Bad Request", b"\x1b]0;title\x07", r"(400) Bad Request: \x1b]0;title\x07"),
        ("Bad Request", "\u202egnp.exe".encode(), r"(400) Bad Request: \u202egnp.exe"),
        ("Bad Request", b"\xff\xfe", "(400) Bad Request: \ufffd\ufffd"),
        ("Bad Request", "größer".encode(), "(400) Bad Request: größer"),
    ],
)
def test_text_has_status_reason_and_the_servers_words(reason, body, text):
    """Nothing that a server says can move the cursor, break the line or turn its direction."""
    assert str(ApiException(400, reason, body=body)) == text


@pytest.mark.parametrize("character", ["x", "ж", "😀"])
@pytest.mark.parametrize("where", ["reason", "body"])
def test_text_of_a_long_answer_is_cut(character, where):
    words = character * 1_000_000
    told = {"reason": words} if where == "reason" else {"reason": "Bad", "body": words.encode()}
    text = str(ApiException(400, **told))
    assert text.endswith(f"{character * 500}…")
    assert len(text) < 520


@pytest.mark.parametrize("kind", OF_A_CALL)
def test_text_of_every_class_begins_with_status_and_reason(kind):
    text = str(kind(499, "Odd", body=b"words"))
    assert text.startswith("(499) Odd: words")
    assert text.endswith(f"({kind.remedy})" if kind.remedy else "words")


def test_redirect_says_where_it_leads():
    error = RedirectException(302, "Found", headers={"Location": "https://other.example/\x1b[2J"})
    remedy = "(it was not followed, check Configuration.host or GENTRACE_HOST)"
    assert str(error) == rf"(302) Found {remedy} (Location: https://other.example/\x1b[2J)"
    assert str(RedirectException(302, "Found", headers={})) == f"(302) Found {remedy}"
    assert str(RedirectException(302, "Found")) == f"(302) Found {remedy}"


@pytest.mark.parametrize("kind", OF_A_CALL)
def test_pickled_exception_keeps_all_but_the_raw_response(kind):
    error = kind(
        429,
        "Too Many",
        ApiResponseFor400(object(), unset, unset),
        body=b"\xff later",
        headers={"Retry-After": "7"},
        retry_after=7.0,
        idempotency_key="abc",
        tries=3,
    )
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(twin) is kind
    assert str(twin) == str(error)
    assert vars(twin) | {"api_response": None} == vars(error) | {"api_response": None}
    assert type(twin.api_response) is ApiResponseFor400
    assert twin.api_response.response is None
    twin.api_response.close()  # of which there is nothing
    assert twin.api_response.body is unset
    assert twin.api_response.headers is unset
    assert error.api_response.response is not None


def test_pickled_exception_without_an_answer_has_none():
    twin = pickle.loads(pickle.dumps(ApiException(0, "refused", tries=1)))  # noqa: S301 - our own
    assert (twin.status, twin.reason, twin.tries, twin.api_response) == (0, "refused", 1, None)


def test_exceptions_hash_and_compare_by_identity():
    answer = ApiResponseWithoutDeserialization(None)
    one, two = (ApiException(500, "Oops", answer) for _ in range(2))
    assert one != two
    assert len({one, two, one}) == 2
    assert pickle.loads(pickle.dumps(one)) != one  # noqa: S301 - our own


class OwnApiError(ApiException):
    def __init__(self, status, reason, pipeline):
        super().__init__(status, reason)
        self.pipeline = pipeline


class OwnValueError(ApiValueError):
    def __init__(self, message, *, pipeline):
        super().__init__(message, ("name",))
        self.pipeline = pipeline


class OwnTimeoutError(ApiException, TimeoutError):
    pass


@pytest.mark.parametrize(
    "error",
    [
        OwnApiError(400, "Bad Request", "a"),
        OwnValueError("empty", pipeline="a"),
        OwnTimeoutError(504, "Gateway Timeout"),
    ],
)
def test_exception_of_a_subclass_with_its_own_arguments_is_pickled_and_copied(error):
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))
