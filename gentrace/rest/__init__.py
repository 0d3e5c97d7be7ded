"""The transport: connections, the deadline of a call, its retries and its failures.

This is the only room that knows urllib3. `RestClient.send` is the whole of a call.
"""

from gentrace.rest.client import RestClient
from gentrace.rest.response import HTTPResponse
from gentrace.rest.retries import Backoff, parse_retry_after

__all__ = ["Backoff", "HTTPResponse", "RestClient", "parse_retry_after"]
