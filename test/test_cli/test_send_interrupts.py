"""Ctrl-C in `gentrace send`."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import threading
from contextlib import suppress

import pytest
from support.backfill import line
from support.peers import Peer, echo, stall, then


def test_an_interrupt_ends_it_and_the_totals_are_said(start, file):
    with Peer(echo, echo, stall) as peer:
        process = start(
            "send", file(map(line, "abcdefghi")), "--parallel", 1, GENTRACE_HOST=peer.url
        )
        peer.wait(lambda: len(peer.requests) == 3)
        process.send_signal(signal.SIGINT)
        # The call under way is let finish.
        peer.stop_event.set()
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    # The third is under way; how many lines behind it were read is a matter of chance.
    assert re.match("[345] lines, 2 sent, ", output)
    assert errors.splitlines()[:2] == [
        "gentrace send: waiting for the calls under way; Ctrl-C again leaves them",
        "gentrace send: interrupted",
    ]


def test_an_interrupt_while_the_bar_is_drawn_ends_it_too(start, file):
    """The terminal takes no more, so that drawing waits; the bar is drawn again by a worker."""
    pytest.importorskip("tqdm", reason="tqdm is not installed")
    first, second = map(line, "ab")
    path = file([first, second, *[first] * 5000])
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 120))
    resume = threading.Event()
    with Peer(echo, then(lambda *_: resume.wait(30), echo)) as peer:
        process = start(
            "send",
            path,
            given=subprocess.DEVNULL,
            errors=terminal,
            GENTRACE_HOST=peer.url,
            TQDM_MININTERVAL="0",
        )
        peer.wait(lambda: len(peer.requests) == 2 and _is_full(terminal))
        os.close(terminal)
        process.send_signal(signal.SIGINT)
        shown = os.read(screen, 65536)
        resume.set()
        killer = threading.Timer(20, process.kill)
        killer.start()
        with suppress(OSError):  # nobody has the terminal any more
            while piece := os.read(screen, 65536):
                shown += piece
        killer.cancel()
        os.close(screen)
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, b"interrupted" in shown) == (1, True)
    assert ", 2 sent, " in output


def _is_full(terminal):
    return not select.select([], [terminal], [], 0)[1]
