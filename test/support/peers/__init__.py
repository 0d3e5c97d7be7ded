"""Real servers on loopback that do exactly what a test says, faults included.

::

    with Peer(reply(503), echo) as peer:         # first request: 503; all others: 200
        client = ApiClient(Configuration(peer.url))
        ...
    assert [r.method for r in peer.requests] == ["POST", "POST"]

`Peer(*steps, greet=…, tls=…)`: each request takes the next step, the last one for ever. A step is
a function of (talk, request); without any, `echo` answers every request with its own
Idempotency-Key as `pipelineRunId`. `greet` is a function of (talk) that has each new connection
first, before TLS; it may close it. Leaving the `with` block ends all threads, whatever they do.

- `peer.url` is what `Configuration.host` takes, `peer.origin` the same without the path, `peer.at`
  the same under another name; `peer.address` is (host, port).
- `peer.requests`: `Request`s in order of arrival: `method`, `target`, `headers` (pairs),
  `request["name"]` (one field, any case, None if absent), `body`, `connection` (number, from 0).
- `peer.received`: what came over all connections, decrypted, up to 1 MiB each.
- `peer.connections`: how many were accepted; `peer.open`: how many are open now;
  `peer.wait(condition)`: wait up to 20 s until it is true.
- `peer.failures`: errors of TLS handshakes, as text.
- `window` is how many bytes it takes in unread, about; else the kernel says, which takes many MiB.

Steps: `echo`, `reply(status, body, headers…)`, `send(bytes…)`, `raw(bytes…)` (then close),
`endless(head, piece)`, `drip(head, slow)`, `stall`, `reset`, `close`, `then(step, step…)`, and
`proxy(…)`, which makes an HTTP proxy of a peer. Greetings: `stall`, `reset`, `close`, `send`,
`socks5(…)`, and any function that uses the methods of `Talk`.

TLS: `Peer(tls=server_tls())`, or a function of (talk) that makes one; `authority()` is the CA,
`authority_pem()` its PEM text.

`with refuser() as address`: where connects are refused; `with blackhole() as address`: where they
hang. `with names({"a.test": addresses}) as asked`: what names resolve to, and which were asked for.
"""

from support.peers.addresses import blackhole, names, refuser
from support.peers.proxies import basic, proxy, socks5
from support.peers.server import Peer, Request, Talk
from support.peers.steps import (
    close,
    drip,
    echo,
    endless,
    head_of,
    raw,
    reply,
    reset,
    send,
    stall,
    then,
)
from support.peers.tls import authority, authority_pem, server_tls

__all__ = [
    "Peer",
    "Request",
    "Talk",
    "authority",
    "authority_pem",
    "basic",
    "blackhole",
    "close",
    "drip",
    "echo",
    "endless",
    "head_of",
    "names",
    "proxy",
    "raw",
    "refuser",
    "reply",
    "reset",
    "send",
    "server_tls",
    "socks5",
    "stall",
    "then",
]
