"""What a signal's handler raises comes out of a call as it is, whatever a call does with its like.

See also test_process, where it is raised at random moments, and test_secrets.
"""

import functools
import signal
import sys
from contextlib import contextmanager

import pytest
from support.peers import Peer, names, reply

from gentrace import rest
from gentrace._signals import pass_on_handlers_error
from gentrace.exceptions import ApiConnectionException, ApiValueError
from gentrace.models import StepRunProvider

RAISED = [
    TimeoutError,
    ConnectionResetError,
    ValueError,
    TypeError,
    RuntimeError,
    RecursionError,
    KeyboardInterrupt,
]


@contextmanager
def handled(kind):
    def handle(*_):
        raise kind("of the handler")

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def strike(*_, **_keywords):
    signal.raise_signal(signal.SIGUSR1)


class Dumped:
    """An object that is interrupted when it is asked for its form."""

    model_dump = strike


class Name(str):
    """A key that is interrupted when it is compared."""

    __slots__ = ()
    __eq__ = strike
    __hash__ = str.__hash__


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize(
    "body",
    [
        {"name": "n", "stepRuns": [], "x": {"y": Dumped()}},
        {Name("name"): "n", "stepRuns": []},
    ],
    ids=["object", "key"],
)
def test_interrupt_in_an_objects_own_code(connect, kind, body):
    with Peer() as peer, handled(kind):
        caller = connect(peer)
        with pytest.raises(kind, match="of the handler"):
            caller.post(body)
        assert caller.works()


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("state", ["connecting", "reading"])
def test_interrupt_in_the_transport(connect, monkeypatch, kind, state):
    """Not as a failure of the call, which would be sent again."""
    with Peer(reply(200)) as peer, handled(kind):
        caller = connect(peer)
        if state == "reading":
            response = caller.raw()
            monkeypatch.setattr(response._raw, "read1", strike)
            with pytest.raises(kind, match="of the handler"):
                response.read1()
        else:
            monkeypatch.setattr("socket.getaddrinfo", strike)
            with pytest.raises(kind, match="of the handler"):
                caller.post()
        monkeypatch.undo()
        assert caller.post()
    assert len(peer.requests) == 1 + (state == "reading")


HANDLERS = {
    "method": lambda handler: type("Of", (), {"handle": staticmethod(handler)})().handle,
    "partial": lambda handler: functools.partial(handler, None),
    "callable": lambda handler: type("Calls", (), {"__call__": lambda _, *rest: handler(*rest)})(),
    "cached": functools.lru_cache,
}


@pytest.mark.parametrize("form", HANDLERS)
def test_handler_of_any_form(connect, monkeypatch, form):
    def handle(*_):
        raise TimeoutError("of the handler")

    before = signal.signal(signal.SIGUSR1, HANDLERS[form](handle))
    monkeypatch.setattr("socket.getaddrinfo", strike)
    try:
        with pytest.raises(TimeoutError, match="of the handler"):
            connect("http://localhost:1").post()
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("kind", [TimeoutError, ConnectionAbortedError])
def test_interrupt_where_the_transport_goes_on_after_an_error(connect, monkeypatch, kind, tmp_path):
    """To another address, to an answer that comes early, and to a clear text for a full disk."""
    with Peer() as peer, handled(kind):
        caller = connect(peer.at("two.test"), access_token=None, temp_folder_path=tmp_path)
        with names({"two.test": [peer.address, peer.address]}), monkeypatch.context() as patch:
            patch.setattr(rest._Walled, "setsockopt", strike)
            with pytest.raises(kind, match="of the handler"):
                caller.post()
        caller = connect(peer)
        with monkeypatch.context() as patch:
            patch.setattr(rest._Walled, "sendall", strike)
            with pytest.raises(kind, match="of the handler"):
                caller.post()
        response = caller.raw()
        with monkeypatch.context() as patch:
            patch.setattr("tempfile.mkstemp", strike)
            with pytest.raises(kind, match="of the handler"):
                response.save(None)
        assert caller.works()


def test_call_in_the_handling_of_an_interrupt_fails_with_its_own_error(connect):
    with handled(TimeoutError):
        try:
            strike()
        except TimeoutError:
            connect("http://127.0.0.1:1", retries=0).fail(ApiConnectionException)
            with pytest.raises(ApiValueError):
                StepRunProvider(inputs={"a": Broken()})


def raise_from_itself(*_, **_keywords):
    error = ValueError()
    raise error from error


def raise_in_a_circle(*_, **_keywords):
    first, second = ValueError(), ValueError()
    first.__cause__ = second
    raise second from first


@pytest.mark.parametrize("circle", [raise_from_itself, raise_in_a_circle])
def test_error_that_is_its_own_cause_is_told(connect, monkeypatch, circle):
    broken = type("Broken", (), {"model_dump": circle})()
    with pytest.raises(ApiValueError):
        StepRunProvider(inputs={"a": broken})
    monkeypatch.setattr("socket.getaddrinfo", circle)
    assert connect("http://localhost:1", retries=0).fail(ApiConnectionException).status == 0


class Broken:
    """An object whose form is none."""

    def model_dump(self):
        raise ValueError


def test_error_of_an_object_is_its_own():
    """Even where a handler is set."""

    with handled(ValueError), pytest.raises(ApiValueError) as caught:
        StepRunProvider(inputs={"a": Broken()})
    assert type(caught.value.__cause__) is ValueError


def test_without_handlers_no_error_is_theirs(monkeypatch):
    monkeypatch.delitem(sys.modules, "signal")
    pass_on_handlers_error(ValueError())
