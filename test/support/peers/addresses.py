"""Addresses without a server, and what names resolve to."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def refuser():
    """An address at which nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()


@contextlib.contextmanager
def blackhole():
    """An address at which a connect gets no answer: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()


_layers = []
_layers_lock = threading.Lock()
_real_getaddrinfo = socket.getaddrinfo


@contextlib.contextmanager
def names(table):
    """What names resolve to: the one thing here that is not real, as no test may ask a resolver.

    A value of `table` is a list of addresses, an exception, or a function of how often the name
    was asked for that returns one of them. Gives the list of the names that were asked for.
    """
    layer = (table, [])
    with _layers_lock:
        _layers.append(layer)
        socket.getaddrinfo = _resolve
    try:
        yield layer[1]
    finally:
        with _layers_lock:
            _layers[:] = [other for other in _layers if other is not layer]
            if not _layers:
                socket.getaddrinfo = _real_getaddrinfo


def _resolve(host, port, *arguments, **keywords):
    name = host.decode() if isinstance(host, bytes) else host
    for table, asked in _layers:
        asked.append(name)
        if name in table:
            found = table[name]
            found = found(asked.count(name)) if callable(found) else found
            if isinstance(found, BaseException):
                raise found
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", address) for address in found]
    return _real_getaddrinfo(host, port, *arguments, **keywords)
