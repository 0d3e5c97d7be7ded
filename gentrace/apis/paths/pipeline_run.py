"""Path `/pipeline-run` of the document."""

from gentrace.api_client import Api
from gentrace.paths.pipeline_run import post as operation


class PipelineRun(Api):
    """The operations of `/pipeline-run`."""

    post = operation.pipeline_run_post
