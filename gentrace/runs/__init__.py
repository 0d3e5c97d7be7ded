"""Reading back the pipeline runs that a local server has stored.

    with gentrace.local.serve() as server:
        client = gentrace.ApiClient(gentrace.Configuration(host=server.url))
        for run in gentrace.runs.RunsApi(client).runs_iterate(has_error=True):
            print(run.created_at, run.name, run.error)

Each operation of the local server's document is declared in its own module, like the operations of
the ingestion API in `gentrace.paths`.
"""

from gentrace.runs.api import RunsApi
from gentrace.runs.filters import Filters
from gentrace.runs.models import PipelineList, PipelineSummary, Problem, RunPage, StoredRun

__all__ = [
    "Filters",
    "PipelineList",
    "PipelineSummary",
    "Problem",
    "RunPage",
    "RunsApi",
    "StoredRun",
]
