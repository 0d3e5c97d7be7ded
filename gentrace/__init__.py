"""Typed, validated client of the Gentrace ingestion API.

Everything below loads on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gentrace.api_client import ApiClient as ApiClient
    from gentrace.api_client import ApiResponse as ApiResponse
    from gentrace.api_client import (
        ApiResponseWithoutDeserialization as ApiResponseWithoutDeserialization,
    )
    from gentrace.configuration import Configuration as Configuration
    from gentrace.exceptions import ApiAttributeError as ApiAttributeError
    from gentrace.exceptions import ApiException as ApiException
    from gentrace.exceptions import ApiKeyError as ApiKeyError
    from gentrace.exceptions import ApiTypeError as ApiTypeError
    from gentrace.exceptions import ApiValueError as ApiValueError
    from gentrace.exceptions import OpenApiException as OpenApiException

__version__ = "2.0.0"

_HOME = {
    "ApiAttributeError": "gentrace.exceptions",
    "ApiClient": "gentrace.api_client",
    "ApiException": "gentrace.exceptions",
    "ApiKeyError": "gentrace.exceptions",
    "ApiResponse": "gentrace.api_client",
    "ApiResponseWithoutDeserialization": "gentrace.api_client",
    "ApiTypeError": "gentrace.exceptions",
    "ApiValueError": "gentrace.exceptions",
    "Configuration": "gentrace.configuration",
    "OpenApiException": "gentrace.exceptions",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 - the keys are names


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
