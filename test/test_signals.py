"""What a signal's handler raises comes out of a call as it is, whatever a call does with its like.

See also test_process, where it is raised at random moments, and test_secrets.
"""

import signal
import sys
from contextlib import contextmanager

import pytest
from peers import Peer, reply

from gentrace._signals import pass_on_handlers_error
from gentrace.exceptions import ApiValueError
from gentrace.models import StepRunProvider

RAISED = [TimeoutError, ConnectionResetError, ValueError, RuntimeError, KeyboardInterrupt]


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


class Items(dict):
    """A dict that is interrupted when the encoder asks for its items."""

    items = strike


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("value", [Dumped(), Items(a=1)], ids=["object", "dict"])
def test_interrupt_in_an_objects_own_code(connect, kind, value):
    with Peer() as peer, handled(kind):
        caller = connect(peer, json_encoder="json")  # orjson runs no code of theirs
        with pytest.raises(kind, match="of the handler"):
            caller.post({"name": "n", "stepRuns": [], "x": {"y": value}})
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


def test_error_of_an_object_is_its_own():
    """Even where a handler is set."""

    class Broken:
        def model_dump(self):
            raise ValueError

    with handled(ValueError), pytest.raises(ApiValueError) as caught:
        StepRunProvider(inputs={"a": Broken()})
    assert type(caught.value.__cause__) is ValueError


def test_without_handlers_no_error_is_theirs(monkeypatch):
    monkeypatch.delitem(sys.modules, "signal")
    pass_on_handlers_error(ValueError())
