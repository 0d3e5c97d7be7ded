"""Model `StepRun` of the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gentrace.model.step_run_provider import StepRunProvider
from gentrace.schemas import DATE_TIME, MILLISECONDS, Model, ObjectSchema, Unset, optional

if TYPE_CHECKING:
    from datetime import datetime


class StepRun(Model):
    """One step of a pipeline run, such as one call of a model."""

    __slots__ = ()

    provider = optional(
        "provider",
        ObjectSchema(StepRunProvider),
        "Who did the work of this step, what it was given and what it answered.",
    )
    elapsed_time = optional("elapsedTime", MILLISECONDS, "How long the step took, in milliseconds.")
    start_time = optional(
        "startTime",
        DATE_TIME,
        "When the step started, as an RFC 3339 date and time with its offset from UTC.",
    )
    end_time = optional(
        "endTime",
        DATE_TIME,
        "When the step ended, as an RFC 3339 date and time with its offset from UTC.",
    )

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            provider: StepRunProvider | Mapping[str, object] | Unset = ...,
            elapsed_time: int | Unset = ...,
            start_time: str | datetime | Unset = ...,
            end_time: str | datetime | Unset = ...,
        ) -> None: ...
