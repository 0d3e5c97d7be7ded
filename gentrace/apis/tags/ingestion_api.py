"""Tag `Ingestion` of the document."""

from gentrace.api_client import Api
from gentrace.paths.pipeline_run import post


class IngestionApi(Api):
    """Sending pipeline runs to Gentrace."""

    pipeline_run_post = post.pipeline_run_post
