"""Free-form content with code of its own, which may raise, lie or never end."""

from collections.abc import Mapping
from itertools import count
from unittest.mock import Mock

import pytest

from gentrace.exceptions import ApiTypeError, ApiValueError
from gentrace.models import StepRunProvider


class Listed:
    """As numpy's arrays and numbers are."""

    def __init__(self, value):
        self.value = value

    def tolist(self):
        return self.value


def _content(value):
    return StepRunProvider(inputs={"v": value}).inputs["v"]


class _Endless(Mapping):
    """A mapping whose items never end, whatever it says."""

    def __len__(self):
        return 1

    def __iter__(self):
        return map(str, count())

    def __getitem__(self, key):
        return key


class _Raises:
    def __init__(self, error):
        self.error = error

    def model_dump(self):
        raise self.error


class _Never:
    """Whose simpler form is another of its kind, for ever."""

    def tolist(self):
        return _Never()


class _Nested:
    """Whose form holds another of its kind, for ever."""

    def model_dump(self):
        return {"inner": _Nested()}


class _Unreadable:
    def __getattr__(self, name):
        raise OSError(f"no {name}")

    def __repr__(self):
        raise OSError("no repr")


class _Posing:
    """Says that it is a dict."""

    __class__ = dict


@pytest.mark.parametrize(
    ("make", "text", "cause"),
    [
        (_Endless, "expected at most 1000000 items: make it a dict", None),
        (
            lambda: _Raises(ZeroDivisionError("x")),
            "which raised ZeroDivisionError",
            ZeroDivisionError,
        ),
        (lambda: _Raises(RecursionError("x")), "which raised RecursionError", RecursionError),
        (_Unreadable, "which raised OSError when asked for one", OSError),
        (_Nested, "nested deeper than 200 levels", None),
        (lambda: Listed(_Endless()), "expected at most 1000000 items", None),
    ],
)
def test_a_hostile_object_ends_in_an_error_with_its_place(make, text, cause):
    with pytest.raises(ApiValueError) as caught:
        StepRunProvider(inputs={"v": [make()]})
    assert text in caught.value.message
    assert caught.value.path_to_item[:3] == ("inputs", "v", 0)
    assert cause is None or type(caught.value.__cause__) is cause


@pytest.mark.parametrize("make", [_Never, Mock])
def test_an_object_whose_form_never_ends_is_foreign(make):
    with pytest.raises(
        ApiTypeError, match=r"its form never ends, pass a plain .* at \$\.inputs\.v"
    ):
        _content(make())


def test_an_object_is_what_it_is_rather_than_what_it_says():
    with pytest.raises(ApiTypeError, match=r"a JSON value, got _Posing .* at \$\.inputs\.v"):
        StepRunProvider(inputs={"v": _Posing()})


def test_an_interrupt_in_the_callers_code_passes_through():
    with pytest.raises(KeyboardInterrupt):
        _content(_Raises(KeyboardInterrupt()))
