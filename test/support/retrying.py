"""What tests of retries share."""

from urllib3 import Retry

RETRIED = [408, 429, 500, 502, 503, 504]

AT_ONCE = Retry(2, backoff_factor=0, status_forcelist=RETRIED, allowed_methods=None)


def keys(peer):
    """The idempotency keys that a server got, one a request."""
    return [request["Idempotency-Key"] for request in peer.requests]
