"""Path `/pipeline-run` of the document."""

from gentrace.api_client import Api
from gentrace.paths.pipeline_run import post as of_post


class PipelineRun(Api):
    """The operations of `/pipeline-run`."""

    post = of_post.pipeline_run_post
