"""What the type checkers refuse: each comment that ignores an error is itself one without it."""

# In its strict mode pyright adds to each mistake what follows from it.
# pyright: basic, reportUnnecessaryTypeIgnoreComment=true

import gentrace
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.models import PipelineRunRequest, PipelineRunResponse, StepRun, StepRunProvider
from gentrace.schemas import unset

api = IngestionApi()
run = PipelineRunRequest(name="answer", step_runs=[])
key: int = 1

# A property that is required is missing.
PipelineRunRequest(step_runs=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
PipelineRunRequest(name="answer")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# A keyword is misspelt, or is the wire name.
StepRun(elapsed_tme=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
StepRun(elapsedTime=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# A value is of the wrong type.
StepRun(elapsed_time="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
StepRun(start_time=1683192600)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
PipelineRunRequest(name=unset, step_runs=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
StepRun(provider="openai")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
StepRunProvider(name=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
StepRunProvider(inputs=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
StepRunProvider(inputs={key: 2})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
PipelineRunRequest(name="answer", step_runs={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
PipelineRunResponse(pipeline_run_id=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# An optional property may be absent.
str(run.step_runs[0].provider.name)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
str(run.step_runs[0].elapsed_time + 1)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]

# There is no such property, and no item can be set.
str(run.step_run)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
run.name = "other"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
run["name"] = "other"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]

# A call.
api.pipeline_run_post()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
api.pipeline_run_post("text")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
api.pipeline_run_post(run, idempotency="k")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
api.pipeline_run_post(run, skip_deserialization=1)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
api.pipeline_run_post(run, timeout="10")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
str(api.pipeline_run_post(run).body.run_id)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

# A setting.
gentrace.Configuration(verify="no")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
gentrace.Configuration(verify_ssl="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# A name that the package, or one of its modules, does not have.
str(gentrace.Configurator)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
str(gentrace.local.server_of)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
str(gentrace.testing.servant)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
