"""The transport: connections, the deadline of a call, its retries and its failures.

This is the only room that knows urllib3. To follow one call, read `client` (what calls share),
`call` (its requests and retries), `routes` (its connection pool), `connections` (urllib3's,
which keep the deadline), `framing` (where an answer begins and ends), `budgeted_reader` (the bytes
of an answer) and `response` (what callers read). `attempt` is one request in flight, `watchdog`
aborts it at the deadline, `call_state` is what all attempts of a call share, and `failures` turns
errors of the transport into exceptions of the call.

Private members of urllib3 that are used because there is no public way:

=================================== ===========================================================
member                              why
=================================== ===========================================================
``HTTPConnection._new_conn``        overridden: urllib3's gives each address of a host the whole
                                    time to connect, and keeps the socket to itself meanwhile
``SOCKSConnection._socks_options``  read: the address and credentials of the SOCKS proxy
=================================== ===========================================================

No private member of http.client or ssl is used.
"""

from gentrace.rest.client import RestClient
from gentrace.rest.response import HTTPResponse
from gentrace.rest.retries import Backoff, parse_retry_after

__all__ = ["Backoff", "HTTPResponse", "RestClient", "parse_retry_after"]
