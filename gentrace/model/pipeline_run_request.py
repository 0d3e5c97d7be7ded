"""Model `PipelineRunRequest` of the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gentrace.model.step_run import StepRun
from gentrace.schemas import STRING, ArraySchema, Model, ObjectSchema, required


class PipelineRunRequest(Model):
    """One run of a pipeline, from its first step to its last."""

    __slots__ = ()

    name = required("name", STRING, "Name of the pipeline; runs of one pipeline share it.")
    step_runs = required(
        "stepRuns",
        ArraySchema(ObjectSchema(StepRun)),
        "The steps that ran, in the order in which they started; may be empty.",
    )

    if TYPE_CHECKING:

        def __init__(
            self, *, name: str, step_runs: Sequence[StepRun | Mapping[str, object]]
        ) -> None: ...
