"""Signatures, without evaluating annotations.

From Python 3.14 on, annotations are evaluated when they are read, which fails for names that only a
type checker imports.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

_AS_TEXT = None if sys.version_info < (3, 14) else import_module("annotationlib").Format.STRING


def signature_of(function: Callable[..., Any], *, follow_wrapped: bool) -> inspect.Signature:
    """Return the signature of a function.

    Args:
        function: the function.
        follow_wrapped: whether a wrapper has the signature of the function that it wraps.

    Raises:
        ValueError: there is none, as of some builtins.

    """
    options = {} if _AS_TEXT is None else {"annotation_format": _AS_TEXT}
    return inspect.signature(function, follow_wrapped=follow_wrapped, **options)
