"""Model `PipelineRunResponse` of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gentrace.schemas import STRING, Model, Unset, optional


class PipelineRunResponse(Model):
    """The answer to a stored pipeline run."""

    __slots__ = ()

    pipeline_run_id = optional(
        "pipelineRunId", STRING, "Id that the server gave to the stored run."
    )

    if TYPE_CHECKING:

        def __init__(self, *, pipeline_run_id: str | Unset = ...) -> None: ...
