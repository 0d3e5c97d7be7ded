"""What the type checkers know of models. Checked, never run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, reveal_type

from gentrace import schemas
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider

# Made from keywords, with models or plain dicts in either spelling inside.
run = PipelineRunRequest(
    name="answer",
    step_runs=[
        StepRun(provider=StepRunProvider(name="openai"), elapsed_time=1),
        {"provider": {"name": "openai"}, "elapsed_time": 1},
        {"provider": {"name": "openai"}, "elapsedTime": 1},
    ],
)
StepRun(
    provider=StepRunProvider(
        name="openai",
        invocation="createChatCompletion",
        model_params={"temperature": 0.2, "stop": ["\n"]},
        inputs={},
        outputs={"answer": None},
    ),
    elapsed_time=1250,
    start_time="2023-05-04T09:30:00Z",
    end_time=datetime.now(UTC),
)
StepRun(provider={"modelParams": {}}, start_time=datetime.now(UTC))
PipelineRunResponse(pipeline_run_id="id")

# An optional property that may be absent in another model, or is.
other = StepRun()
StepRun(
    provider=other.provider,
    elapsed_time=other.elapsed_time,
    start_time=other.start_time,
    end_time=schemas.unset,
)


def make(mapping: Mapping[str, Any]) -> PipelineRunRequest:
    """Make a run from a mapping."""
    return PipelineRunRequest(**mapping)


# Read by attribute as declared, an optional property with its Unset.
reveal_type(run)  # PipelineRunRequest
reveal_type(run.name)  # str
reveal_type(run.step_runs)  # tuple[StepRun, ...]
step = run.step_runs[0]
reveal_type(step)  # StepRun
reveal_type(step.provider)  # StepRunProvider | Unset
reveal_type(step.elapsed_time)  # int | Unset
reveal_type(step.start_time)  # str | Unset
reveal_type(step.end_time)  # str | Unset
if step.provider:
    reveal_type(step.provider)  # StepRunProvider
if not isinstance(step.provider, schemas.Unset):
    reveal_type(step.provider.name)  # str | Unset
    reveal_type(step.provider.invocation)  # str | Unset
    reveal_type(step.provider.model_params)  # frozendict[str, Any] | Unset
    reveal_type(step.provider.inputs)  # frozendict[str, Any] | Unset
    reveal_type(step.provider.outputs)  # frozendict[str, Any] | Unset
if step.elapsed_time is not schemas.unset:
    str(step.elapsed_time)
if not isinstance(step.elapsed_time, schemas.Unset):
    reveal_type(step.elapsed_time)  # int
if isinstance(step.start_time, schemas.Unset):
    reveal_type(step.start_time)  # Unset
else:
    reveal_type(schemas.as_datetime(step.start_time))  # datetime
reveal_type(schemas.unset)  # Unset

# Read by wire name.
reveal_type(run["stepRuns"])  # Any
reveal_type(run.get_item_oapg("name"))  # Any

# What is derived from a model is one.
reveal_type(run | {"name": "other"})  # PipelineRunRequest
reveal_type(run.set("name", "other"))  # PipelineRunRequest
reveal_type(run.delete("cost"))  # PipelineRunRequest
reveal_type(run.copy())  # PipelineRunRequest
reveal_type(StepRun.fromkeys(["cost"], 1))  # StepRun

# The declarations themselves.
reveal_type(StepRun.elapsed_time.wire_name)  # str
reveal_type(StepRun.elapsed_time.required)  # bool
