"""The client's side of a test against peers."""

import time
from contextlib import contextmanager

import pytest
from support.peers import authority_pem

from gentrace import ApiClient, ApiException, Configuration
from gentrace.api_client import ApiResponse, OpenApiResponse, Operation
from gentrace.apis.tags.ingestion_api import IngestionApi

TOKEN = "token-of-a-test"  # noqa: S105 - of nobody
RUN = {"name": "answer-question", "step_runs": [{"elapsed_time": 1250}]}
MARGIN = 1
"""Seconds that a slow machine may add to what a deadline allows; the faults last a minute."""

MEDIA = "application/octet-stream"
FETCH = Operation(
    "file_get",
    "GET",
    "/file",
    tag="Files",
    summary="Fetch a file",
    responses={200: OpenApiResponse(ApiResponse, "The file", {MEDIA: None})},
)
"""An operation whose answer is a file."""


class Caller:
    """A client of one peer, or of an address; other settings are those of a configuration."""

    def __init__(self, where, **settings):
        host = where if isinstance(where, str) else where.url
        if host.startswith("https:"):
            settings = {"ssl_ca_cert": authority_pem()} | settings
        self.configuration = Configuration(host, **{"access_token": TOKEN} | settings)
        self.client = ApiClient(self.configuration)
        self.api = IngestionApi(self.client)

    def post(self, body=RUN, **arguments):
        return self.api.pipeline_run_post(body, **arguments)

    def raw(self, **arguments):
        """The raw answer, streamed."""
        return self.post(stream=True, skip_deserialization=True, **arguments).response

    def fail(self, kind=None, **arguments):
        """The exception of a call, of exactly this class if one is given."""
        with pytest.raises(ApiException) as caught:
            self.post(**arguments)
        assert kind in {type(caught.value), None}, repr(caught.value)
        return caught.value

    def works(self):
        """Whether a call gets the answer to its own request."""
        key = f"key-{time.monotonic_ns()}"
        return self.post(idempotency_key=key, timeout=30).body["pipelineRunId"] == key

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


@contextmanager
def within(seconds, least=0):
    """What is inside takes `least` seconds, and at most `seconds` and a margin."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert least <= took < seconds + MARGIN, f"{took:.2f} s"
