"""The transport: connections, the deadline of a call, its retries and its failures.

This is the only room that knows urllib3. One call reads from the top: `client` (what calls share),
`call` (its requests), `routes` (where connections are had), `connections` (urllib3's, which keep
the deadline), `framing` (where an answer begins and ends), `incoming` (what comes on a connection)
and `response` (what callers read). `attempt` is one request on its way, `watchdog` ends what goes
on past its deadline, and `report` and `failures` say what answers and exceptions show of the call.

Private members of urllib3 that are used, as there is no public way:

=================================== ===========================================================
member                              why
=================================== ===========================================================
``HTTPConnection._new_conn``        overridden: urllib3's gives each address of a host the whole
                                    time to connect, and lets nobody reach the socket meanwhile
``SOCKSConnection._socks_options``  read: where the SOCKS proxy is, which urllib3 keeps there
=================================== ===========================================================

Of http.client and ssl, none is used.
"""

from gentrace.rest.client import RestClient
from gentrace.rest.response import HTTPResponse
from gentrace.rest.retries import Backoff, parse_retry_after

__all__ = ["Backoff", "HTTPResponse", "RestClient", "parse_retry_after"]
