"""What reading stored runs back is for a type checker."""

from datetime import UTC, datetime
from typing import reveal_type

from gentrace.runs import RunsApi

api = RunsApi()

page = api.runs_list(name="answer-question", since=datetime.now(UTC), has_error=True, limit=5)
reveal_type(page.body.next)  # str | None
reveal_type(page.body.pipeline_runs[0].duration)  # float | None
reveal_type(page.body.pipeline_runs[0].start_time)  # str | None
reveal_type(page.body.pipeline_runs[0].steps)  # int

for run in api.runs_iterate(view="summary", min_duration=1.5):
    reveal_type(run.name)  # str
    api.run_delete(run.pipeline_run_id)

reveal_type(api.run_get("id").body.error)  # str | None
reveal_type(api.pipelines_list().body.pipelines[0].error_rate)  # float

api.runs_list(nam="x")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
api.runs_list(view="none")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
api.runs_list(has_error="yes")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
