"""Tag `Runs` of the local server's document."""

from gentrace.api_client import Api
from gentrace.runs import (
    pipelines_list,
    run_delete,
    run_get,
    runs_export,
    runs_iterate,
    runs_list,
)


class RunsApi(Api):
    """Pipeline runs that a local server has stored."""

    runs_list = runs_list.runs_list
    runs_iterate = runs_iterate.runs_iterate
    runs_export = runs_export.runs_export
    run_get = run_get.run_get
    run_delete = run_delete.run_delete
    pipelines_list = pipelines_list.pipelines_list
