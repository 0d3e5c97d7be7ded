"""Running code of a converted value, such as its `repr`, and telling whether such code runs.

The recorder asks `runs_user_code` before it records anything. Steps and runs that user code starts
during a conversion or in a mask are no part of the program, and recording them would convert and
mask more values.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import TypeVar

from gentrace.schemas.builtin_types import is_instance

Value = TypeVar("Value")
Result = TypeVar("Result")


class UserCodeError(Exception):
    """Replaces an exception of user code that is not a subclass of `Exception`."""


def run_user_code(function: Callable[[Value], Result], value: Value) -> Result:
    """Return `function(value)`, which runs user code.

    Raises:
        Exception: what user code raised.
        UserCodeError: user code raised a `BaseException` that is not an `Exception`.
            KeyboardInterrupt, SystemExit and gevent's exceptions pass unchanged, as a signal
            handler or gevent's hub may raise them at any line.

    """
    before = _thread.runs_user_code
    try:
        _thread.runs_user_code = True
        return function(value)
    except BaseException as error:
        if _passes(error):
            raise
        raise UserCodeError from None
    finally:
        _thread.runs_user_code = before


def runs_user_code() -> bool:
    """Tell whether this thread runs user code for a conversion or a mask."""
    return _thread.runs_user_code


class _Thread(local):
    runs_user_code = False


_thread = _Thread()

_GEVENT_ERRORS = (("greenlet", "GreenletExit"), ("gevent", "Timeout"))
"""Module and name of what gevent raises in a greenlet at any line."""


def _passes(error: BaseException) -> bool:
    """Tell whether an exception is an `Exception`, or may come from a signal handler or gevent."""
    return issubclass(type(error), (Exception, KeyboardInterrupt, SystemExit)) or any(
        is_instance(error, module, name) for module, name in _GEVENT_ERRORS
    )
