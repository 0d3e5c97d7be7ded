"""Code of a value that is converted, such as its `repr`: running it, and telling whether it runs.

Whatever records what a program does asks this first: steps of such code are none of the program,
and each would have content of its own converted in turn.
"""

from __future__ import annotations

import sys
from threading import local
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
Result = TypeVar("Result")


class OwnCodeError(Exception):
    """Stands for what such code raises that is no `Exception`."""


def run_own_code(function: Callable[[Value], Result], value: Value) -> Result:
    """Return what a function gives for a value whose code it runs.

    What that raises passes through, as an `OwnCodeError` where it is no `Exception`; but
    KeyboardInterrupt, SystemExit and what gevent raises stay what they are, as they may come from a
    signal handler or the hub, whatever code they strike.
    """
    before = _thread.runs_own_code
    try:
        _thread.runs_own_code = True
        return function(value)
    except Exception:
        raise
    except BaseException as error:
        if _comes_from_outside(error):
            raise
        raise OwnCodeError from None
    finally:
        _thread.runs_own_code = before


def runs_own_code() -> bool:
    """Tell whether code of a value that is converted runs in this thread."""
    return _thread.runs_own_code


class _Thread(local):
    runs_own_code = False


_thread = _Thread()

_OF_THE_HUB = (("greenlet", "GreenletExit"), ("gevent", "Timeout"))
"""What gevent raises in a greenlet from outside, by module; no module is loaded to be asked."""


def _comes_from_outside(error: BaseException) -> bool:
    kinds = [getattr(sys.modules.get(module), name, None) for module, name in _OF_THE_HUB]
    outside = (KeyboardInterrupt, SystemExit, *(kind for kind in kinds if kind is not None))
    return issubclass(type(error), outside)
