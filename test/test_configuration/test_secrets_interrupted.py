"""Exceptions that are not the call's own: the frames of the package show no secret either."""

import contextlib
import gc
import logging
import signal
import sys
import threading
import traceback
from collections import deque

import pytest
from support.caller import RUN, Caller
from support.canary import leaks
from support.peers import Peer, reply, server_tls
from support.secrecy import (
    ALL,
    CANARY,
    PACKAGE,
    SETTINGS,
    STORED,
    locals_of_ours,
    look_through,
    watched,
)


class Stop(BaseException):
    """What a signal handler of the program raises."""


@contextlib.contextmanager
def handled(kind):
    def handle(*_):
        raise kind

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def interrupt(talk, _=None):
    """Interrupt the client's thread where it waits for the socket, then say nothing.

    It waits where ten looks find it at one place. Not while it writes to a log: that drops what is
    raised there.
    """
    main = threading.main_thread().ident
    places = deque(maxlen=10)

    def waits():
        frame = sys._current_frames()[main]  # noqa: SLF001 - documented
        places.append((frame.f_code, frame.f_lasti))
        files = {each.f_code.co_filename for each, _ in traceback.walk_stack(frame)}
        return places.count(places[0]) == places.maxlen and logging.__file__ not in files

    talk.peer.wait(waits)
    signal.pthread_kill(main, signal.SIGUSR1)
    talk.stall()


def interrupt_while_sending(talk):
    talk.read_until(b"\r\n\r\n")
    interrupt(talk)


PHASES = {
    "waiting": {"steps": [interrupt]},
    "reading": {
        "steps": [
            lambda talk, _: (
                talk.send(STORED[:-2] + b"Content-Length: 9999\r\n\r\n", ALL.encode()),
                interrupt(talk),
            )
        ]
    },
    "reading on": {
        "steps": [
            lambda talk, _: (
                talk.send(STORED[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"),
                talk.send(b"%x\r\n" % len(ALL.encode()), ALL.encode(), "\r\n"),
                interrupt(talk),
            )
        ]
    },
    "sending": {
        "greet": interrupt_while_sending,
        "body": {"name": "n" * 10_000_000, "step_runs": []},
    },
    "shaking hands": {"greet": interrupt, "tls": True},
}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Stop, RuntimeError, TimeoutError])
@pytest.mark.parametrize("phase", PHASES)
@watched
def test_exception_of_a_signal_handler(phase, kind):
    """It passes through as it is, and our frames in its traceback show no secret."""
    what = PHASES[phase]
    tls = server_tls() if what.get("tls") else None
    with Peer(*what.get("steps", ()), greet=what.get("greet"), tls=tls) as peer, handled(kind):
        caller = Caller(peer, **SETTINGS)
        caller.client.cookie = CANARY
        with caller, pytest.raises(kind) as caught:
            caller.post(what.get("body", RUN))
        shown = list(locals_of_ours(caught.value))
        assert shown
        for place, text in shown:
            assert not leaks(text), place
        look_through(caller.client)
    # Python's ssl leaves the socket of an interrupted handshake to the collector, which warns: here
    # it is looked at, in another test it would be an error.
    del caught
    gc.collect()


@watched
def test_exception_while_waiting_to_send_again():
    def busy(talk, request):
        reply(503, headers={"Retry-After": "60"})(talk, request)
        # Well into the minute that the call waits, not while Python cleans up, which loses it.
        strikes = (threading.main_thread().ident, signal.SIGUSR1)
        threading.Timer(0.5, signal.pthread_kill, strikes).start()

    with (
        Peer(busy) as peer,
        handled(KeyboardInterrupt),
        Caller(peer, **SETTINGS, timeout=300) as caller,
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            caller.post()
        for place, text in locals_of_ours(caught.value):
            assert not leaks(text), place


@watched
def test_exception_while_a_request_with_a_short_body_is_sent():
    """Neither do the frames of http.client and urllib3, which would have the head."""

    def strike(_, event, function):
        if event == "c_call" and function.__name__ == "sendall":
            sys.setprofile(None)
            raise Stop

    with Peer() as peer, Caller(peer, **SETTINGS) as caller:
        caller.post()
        try:
            sys.setprofile(strike)
            with pytest.raises(Stop) as caught:
                caller.post()
        finally:
            sys.setprofile(None)
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        places = [frame.f_code.co_filename for frame in frames]
        first = next(i for i, name in enumerate(places) if name.startswith(PACKAGE))
        for frame in frames[first:-1]:
            for name, value in frame.f_locals.copy().items():
                assert not leaks(repr(value)), f"{frame.f_code.co_qualname}: {name}"
        caller.post()
