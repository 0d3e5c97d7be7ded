"""Typed, validated client of the Gentrace ingestion API.

Everything below loads on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace._version import __version__

if TYPE_CHECKING:
    from gentrace.api_client import ApiClient, ApiResponse, ApiResponseWithoutDeserialization
    from gentrace.configuration import Configuration
    from gentrace.exceptions import (
        ApiAttributeError,
        ApiException,
        ApiKeyError,
        ApiTypeError,
        ApiValueError,
        OpenApiException,
    )

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiResponse",
    "ApiResponseWithoutDeserialization",
    "ApiTypeError",
    "ApiValueError",
    "Configuration",
    "OpenApiException",
    "__version__",
]

_HOME = dict.fromkeys(__all__, "gentrace.exceptions") | {
    "ApiClient": "gentrace.api_client",
    "ApiResponse": "gentrace.api_client",
    "ApiResponseWithoutDeserialization": "gentrace.api_client",
    "Configuration": "gentrace.configuration",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module, and keep it for the next time."""
    from importlib import import_module  # noqa: PLC0415 - needed once a name

    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
