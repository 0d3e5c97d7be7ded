"""Where a fault is put: scenes for one call, of which `times` tries meet the fault."""

import socket
import threading
from dataclasses import dataclass, field

from support.peers import (
    Peer,
    close,
    echo,
    names,
    proxy,
    reply,
    reset,
    server_tls,
    socks5,
)

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
CHUNKED = JSON | {"Transfer-Encoding": "chunked"}
ID = b'{"pipelineRunId": "run"}'
SMALL = 65536
BIG = {"name": "big", "step_runs": [], "blob": "x" * MIB}


@dataclass
class Scene:
    """One client's world.

    Attributes:
        host: where the call goes.
        server: whose requests are counted.
        settings: of the client.
        attempts: how often the fault was met.
        prepare: what happens before the call.
        release: what ends the fault.

    """

    host: str
    server: Peer
    settings: dict = field(default_factory=dict)
    attempts: object = lambda: 1
    prepare: object = lambda _: None
    release: object = lambda: None


def served(step, **settings):
    """The server does `step` in place of an answer."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(*[step] * times, echo, tls=settings.pop("tls", None)))
        return Scene(server.url, server, settings, lambda: len(server.requests))

    return arrange


def greeted(greet, *, secure=False):
    """The server does `greet` with a new connection."""

    def arrange(stack, times):
        def first(talk):
            if talk.number < times:
                greet(talk)
                raise EOFError

        tls = server_tls() if secure else None
        server = stack.enter_context(Peer(greet=first, tls=tls, window=SMALL))
        settings = {"socket_options": [(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)]}
        return Scene(server.url, server, settings, lambda: server.connections)

    return arrange


def certified(make):
    """The server has the TLS context that `make` makes."""

    def arrange(stack, times):
        bad, good = make(), server_tls()
        server = stack.enter_context(Peer(tls=lambda talk: bad if talk.number < times else good))
        return Scene(server.url, server, {}, lambda: server.connections)

    return arrange


def named(make):
    """The server's name resolves to what `make` gives, which may need the stack."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls("server.test")))
        found = make(stack)
        if isinstance(found, list):
            found = [address or server.address for address in found]
        name = f"server-{server.address[1]}.test"
        asked = stack.enter_context(
            names({name: lambda nth: found if nth <= times else [server.address]})
        )
        settings = {"tls_server_name": "server.test"}
        return Scene(server.at(name), server, settings, lambda: asked.count(name))

    return arrange


def idle(spoil):
    """Something happens to a connection that is kept."""

    def arrange(stack, _):
        answered, spoilt = threading.Event(), threading.Event()

        def answer_and_spoil(talk, request):
            echo(talk, request)
            talk.peer.wait(answered.is_set)
            try:
                spoil(talk, request)
            finally:
                spoilt.set()

        server = stack.enter_context(Peer(answer_and_spoil, echo))

        def prepare(caller):
            assert caller.works()
            answered.set()
            server.wait(spoilt.is_set)
            server.wait(lambda: server.open == 0 or spoil not in {close, reset})
            server.requests.clear()

        return Scene(server.url, server, {}, lambda: len(server.requests), prepare)

    return arrange


def kept(step):
    """The server does `step` in place of the answer to a later request on a connection."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(echo, *[step] * times, echo))

        def prepare(caller):
            assert caller.works()
            server.requests.clear()

        return Scene(server.url, server, {}, lambda: len(server.requests), prepare)

    return arrange


def circling(stack, _):
    """The server sends the client to itself again and again."""
    scene = served(reply(307, headers={"Location": "/there"}))(stack, 4)
    scene.attempts = lambda: 1
    return scene


def taken(stack, _):
    """All connections of the pool are held."""
    server = stack.enter_context(Peer())
    scene = Scene(server.url, server, {"connection_pool_maxsize": 1})

    def prepare(caller):
        held = caller.raw()
        scene.release = held.close
        server.requests.clear()

    scene.prepare = prepare
    return scene


def proxied(step=None, *, greet=None, tls=None, scheme=None):
    """A proxy does `step` in place of connecting, or `greet` with a new connection."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls()))
        steps = [step] * times if step else []

        def first(talk):
            if greet and talk.number < times:
                greet(talk)
                raise EOFError
            if scheme:
                socks5()(talk)

        def pick(talk):
            return tls() if talk.number < times else server_tls()

        between = stack.enter_context(Peer(*steps, proxy(), greet=first, tls=tls and pick))
        address = f"{scheme}://user:secret@127.0.0.1:{between.address[1]}" if scheme else None
        settings = {"proxy": address or between.origin}
        return Scene(server.url, server, settings, lambda: between.connections)

    return arrange


def proxied_at(make):
    """The proxy's name resolves to what `make` gives."""

    def arrange(stack, times):
        server = stack.enter_context(Peer(tls=server_tls()))
        between = stack.enter_context(Peer(proxy()))
        found = make(stack)
        name = f"proxy-{between.address[1]}.test"
        asked = stack.enter_context(
            names({name: lambda nth: found if nth <= times else [between.address]})
        )
        settings = {"proxy": between.at(name)}
        return Scene(server.url, server, settings, lambda: asked.count(name))

    return arrange
