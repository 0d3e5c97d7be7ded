"""Record runs of LLM pipelines, deliver them to the Gentrace ingestion API, and look at them.

Everything below loads on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

# Loaded with the package: an exit function that were the first to load it could not tell, in
# `delivery.exits`, that the program is ending.
import threading as _threading  # noqa: F401  # pyright: ignore[reportUnusedImport]
from typing import TYPE_CHECKING

from gentrace._version import __version__

if TYPE_CHECKING:
    from gentrace import aio as aio
    from gentrace import api_client as api_client
    from gentrace import apis as apis
    from gentrace import backfill as backfill
    from gentrace import configuration as configuration
    from gentrace import delivery as delivery
    from gentrace import exceptions as exceptions
    from gentrace import local as local
    from gentrace import model as model
    from gentrace import models as models
    from gentrace import paths as paths
    from gentrace import recorder as recorder
    from gentrace import rest as rest
    from gentrace import runs as runs
    from gentrace import schemas as schemas
    from gentrace import testing as testing
    from gentrace.api_client import ApiClient, ApiResponse, ApiResponseWithoutDeserialization
    from gentrace.apis.tags.ingestion_api import IngestionApi
    from gentrace.configuration import Configuration
    from gentrace.delivery import (
        Delivery,
        DeliveryError,
        DeliveryStats,
        Receipt,
        default_delivery,
        set_default_delivery,
    )
    from gentrace.exceptions import (
        ApiAttributeError,
        ApiException,
        ApiKeyError,
        ApiTypeError,
        ApiValueError,
        OpenApiException,
    )
    from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider
    from gentrace.recorder import (
        Pipeline,
        PipelineRun,
        Step,
        bind,
        current_run,
        current_step,
        step,
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
    "Delivery",
    "DeliveryError",
    "DeliveryStats",
    "IngestionApi",
    "OpenApiException",
    "Pipeline",
    "PipelineRun",
    "PipelineRunRequest",
    "PipelineRunResponse",
    "Receipt",
    "Step",
    "StepRun",
    "StepRunProvider",
    "__version__",
    "bind",
    "current_run",
    "current_step",
    "default_delivery",
    "local",
    "set_default_delivery",
    "step",
]

_MODULE_OF = {
    "ApiClient": "gentrace.api_client",
    "ApiResponse": "gentrace.api_client",
    "ApiResponseWithoutDeserialization": "gentrace.api_client",
    "IngestionApi": "gentrace.apis.tags.ingestion_api",
    "Configuration": "gentrace.configuration",
    "Delivery": "gentrace.delivery",
    "DeliveryError": "gentrace.delivery",
    "DeliveryStats": "gentrace.delivery",
    "Receipt": "gentrace.delivery",
    "default_delivery": "gentrace.delivery",
    "set_default_delivery": "gentrace.delivery",
    "ApiAttributeError": "gentrace.exceptions",
    "ApiException": "gentrace.exceptions",
    "ApiKeyError": "gentrace.exceptions",
    "ApiTypeError": "gentrace.exceptions",
    "ApiValueError": "gentrace.exceptions",
    "OpenApiException": "gentrace.exceptions",
    "PipelineRunRequest": "gentrace.models",
    "PipelineRunResponse": "gentrace.models",
    "StepRun": "gentrace.models",
    "StepRunProvider": "gentrace.models",
    "Pipeline": "gentrace.recorder",
    "PipelineRun": "gentrace.recorder",
    "Step": "gentrace.recorder",
    "bind": "gentrace.recorder",
    "current_run": "gentrace.recorder",
    "current_step": "gentrace.recorder",
    "step": "gentrace.recorder",
}
"""The module that defines each public name."""

_MODULES = (
    "aio",
    "api_client",
    "apis",
    "backfill",
    "configuration",
    "delivery",
    "exceptions",
    "local",
    "model",
    "models",
    "paths",
    "recorder",
    "rest",
    "runs",
    "schemas",
    "testing",
)
"""The public modules."""

if not TYPE_CHECKING:  # so that type checkers report a misspelt name

    def __getattr__(name: str) -> object:
        """Import a public module, or a public name from its module, and keep it (PEP 562)."""
        from importlib import import_module  # noqa: PLC0415 - needed once a name

        if name in _MODULES:
            value = import_module(f"gentrace.{name}")
        elif name in _MODULE_OF:
            value = getattr(import_module(_MODULE_OF[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
