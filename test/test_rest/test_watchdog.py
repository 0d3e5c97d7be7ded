"""The watchdog: it ends what goes on past its deadline, and nothing else."""

import queue
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
from support.peers import Peer, drip, echo, head_of
from support.waiting import PATIENCE, wait_until
from urllib3.exceptions import ClosedPoolError

from gentrace.exceptions import ApiTimeoutException
from gentrace.rest.attempt import Attempt
from gentrace.rest.deadline import Deadline, now
from gentrace.rest.slots import Slots
from gentrace.rest.watchdog import Watchdog


class Item:
    """Something that is watched."""

    def __init__(self, seconds):
        self.end = now() + seconds
        self.was_cut = threading.Event()

    def abort(self):
        self.was_cut.set()


@pytest.fixture
def attempt():
    """An attempt that is sending, and the far end of its socket."""
    near, far = socket.socketpair()
    with near, far:
        made = Attempt(Deadline(1, 1, 60, covers_stream=False), SimpleNamespace(tries=0))
        made.begin_sending(SimpleNamespace(sock=near))
        far.settimeout(PATIENCE)
        yield made, far


def is_shut(far):
    far.setblocking(False)
    try:
        return far.recv(1) == b""
    except BlockingIOError:
        return False


def test_items_are_cut_at_their_ends():
    """One that comes later and ends sooner, too."""
    watchdog = Watchdog()
    items = [Item(60), Item(0.3), Item(0.05)]
    for item in items:
        watchdog.watch(item)
    assert items[2].was_cut.wait(PATIENCE)
    assert items[1].was_cut.wait(PATIENCE)
    assert now() >= items[1].end
    assert not items[0].was_cut.is_set()


def test_item_that_comes_during_a_check_is_cut_at_its_end():
    """Also if the check has read the ends already, and another item's is much later."""
    watchdog, late, looks = Watchdog(), Item(60), []

    class Moving(Item):
        @property
        def end(self):
            if threading.current_thread() is not caller:
                looks.append(now())  # two a check: what is due, then when to check again
            if len(looks) == 4:
                late.end = now() + 0.2
                watchdog.watch(late)
            return now() + (0.1 if len(looks) <= 2 else 60)

        @end.setter
        def end(self, _):
            pass

    caller = threading.current_thread()
    watchdog.watch(Moving(0))
    assert late.was_cut.wait(PATIENCE)


def test_forgotten_item_is_not_cut():
    watchdog = Watchdog()
    forgotten, other = Item(0.05), Item(0.1)
    watchdog.watch(forgotten)
    watchdog.watch(other)
    watchdog.forget(forgotten)
    assert other.was_cut.wait(PATIENCE)
    assert not forgotten.was_cut.is_set()


def test_one_thread_serves_all():
    watchdog = Watchdog()
    before = set(threading.enumerate())
    barrier = threading.Barrier(8)

    def watch():
        barrier.wait(PATIENCE)
        watchdog.watch(Item(0.01))

    threads = [threading.Thread(target=watch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(threading.enumerate()) - before) == 1


def test_handler_of_a_signal_may_call_while_the_thread_starts(monkeypatch):
    watchdog, items = Watchdog(), [Item(0.05), Item(0.05)]
    caller = threading.Thread(target=watchdog.watch, args=(items[0],), daemon=True)
    start = threading.Thread.start

    def start_and_strike(thread):
        if thread is not caller:
            watchdog.watch(items[1])
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_and_strike)
    caller.start()
    assert all(item.was_cut.wait(PATIENCE) for item in items)


def test_nothing_is_started_as_python_ends(monkeypatch):
    """A thread could neither start nor run then; the time-outs of the sockets remain."""
    ended = SimpleNamespace(is_alive=lambda: False)
    monkeypatch.setattr(threading, "main_thread", lambda: ended)
    before = set(threading.enumerate())
    Watchdog().watch(Item(0.01))
    assert before.issuperset(threading.enumerate())


def test_attempt_that_is_cut_is_shut_down(attempt):
    made, far = attempt
    made.abort()
    assert is_shut(far)


def test_socket_is_shut_down_whatever_stands_in_for_its_class(attempt, monkeypatch):
    made, far = attempt
    monkeypatch.setattr(socket, "socket", lambda *_: None)
    made.abort()
    assert is_shut(far)


def test_socket_of_a_tool_is_shut_down(attempt):
    """As eventlet's, which only wrap Python's."""
    made, _ = attempt
    done = []
    made.begin_sending(SimpleNamespace(sock=SimpleNamespace(shutdown=done.append)))
    made.abort()
    assert done == [socket.SHUT_RDWR]


def test_item_that_cannot_be_cut_is_in_nobodys_way():
    watchdog = Watchdog()
    bad, good = Item(0.05), Item(0.2)
    bad.abort = None
    for item in (bad, good):
        watchdog.watch(item)
    assert good.was_cut.wait(PATIENCE)


def test_attempt_that_has_finished_is_not_cut(attempt):
    """Its connection may serve another call already."""
    made, far = attempt
    assert made.finish()
    made.abort()
    assert not is_shut(far)


def test_connection_of_an_attempt_that_was_cut_serves_no_other(attempt):
    made, _ = attempt
    made.abort()
    assert not made.finish()


def test_streams_are_not_cut(connect):
    """But for those whose total was given."""
    slow = drip(head_of(200, headers={"Transfer-Encoding": "chunked"}), b"1\r\nx\r\n", every=0.02)
    with Peer(slow, slow) as peer:
        caller = connect(peer)
        with caller.raw(timeout=(5, 5)) as response:
            assert len(response.read(40)) == 40
        response = caller.raw(timeout=(5, 5, 0.5))
        with pytest.raises(ApiTimeoutException):
            response.read(4000)


def test_slots_give_what_came_last_and_no_more_than_there_are():
    slots = Slots(2)
    for item in ("first", "last"):
        slots.put(item)
    assert slots.qsize() == 2  # vcrpy asks for it
    assert [slots.get(timeout=1), slots.get(timeout=1)] == ["last", "first"]
    with pytest.raises(queue.Empty):
        slots.get(timeout=0.01)
    slots.put(None)
    assert slots.get() is None


def test_slots_are_waited_for_behind_others_no_longer_than_asked():
    slots = Slots(1)
    first = threading.Thread(target=slots.get, kwargs={"timeout": PATIENCE})
    first.start()
    for _ in range(20):  # the first waits within one of these
        with pytest.raises(queue.Empty):
            slots.get(timeout=0.01)
    slots.put(None)
    first.join(PATIENCE)
    assert not first.is_alive()


def test_slots_that_are_emptied_keep_their_places():
    """As at the interpreter's end, where a call may still come."""
    slots = Slots(1)
    slots.put("idle")
    assert slots.get(block=False) == "idle"
    with pytest.raises(queue.Empty):
        slots.get(block=False)
    assert slots.get(timeout=1) is None


def test_waiters_are_not_passed_by(connect):
    """Who gives a connection back and wants one again waits behind those that wait."""
    counts = [0] * 6
    begins, ends = threading.Barrier(6), threading.Event()
    with Peer(echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1, timeout=PATIENCE)

        def work(number):
            begins.wait(PATIENCE)
            while not ends.is_set():
                caller.post()
                counts[number] += 1
                if sum(counts) >= 200:
                    ends.set()

        threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert min(counts) > 5, counts


def test_wait_for_a_slot_ends_in_time_though_a_signal_handler_outlasts_it():
    previous = signal.signal(signal.SIGALRM, lambda *_: time.sleep(0.2))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(queue.Empty):
            Slots(1).get(timeout=0.1)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_signal_handler_takes_a_slot_before_the_wait_that_it_interrupts():
    def handle(*_):
        slots.put(None)
        slots.get(timeout=PATIENCE)
        taken.append(None)
        slots.put(None)

    slots, taken = Slots(1), []
    previous = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        slots.get(timeout=PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert taken == [None]


def interrupting(error, moment, function):
    """Raise an error at a moment of a function that `slots.py` or `wakeup.py` calls."""

    def strike(frame, event, called):
        is_ours = frame.f_code.co_filename.endswith(("slots.py", "wakeup.py"))
        if is_ours and event == moment and getattr(called, "__name__", None) == function:
            sys.setprofile(None)
            raise error("a signal handler's")

    @contextmanager
    def context():
        profiling = sys.getprofile()
        sys.setprofile(strike)
        try:
            with pytest.raises(error, match="a signal handler's"):
                yield
        finally:
            sys.setprofile(profiling)

    return context()


@pytest.mark.parametrize("function", ["append", "release"])
@pytest.mark.parametrize("moment", ["c_call", "c_return"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupt_while_a_slot_is_returned_leaves_no_waiter_asleep(moment, function, error):
    """The pool is closed after it, and the waiting call takes another one."""

    def wait():
        with suppress(ClosedPoolError):
            slots.get(timeout=PATIENCE)

    slots = Slots(1)
    waiter = threading.Thread(target=wait)
    waiter.start()
    frames = sys._current_frames  # noqa: SLF001 - where the thread is
    wait_until(lambda: frames()[waiter.ident].f_code.co_filename.endswith("wakeup.py"))
    with interrupting(error, moment, function):
        slots.put(None)
    slots.close()
    waiter.join(PATIENCE / 2)
    assert not waiter.is_alive()


@pytest.mark.parametrize("moment", ["c_call", "c_return"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupt_while_a_slot_is_taken_keeps_others_from_none(moment, error):
    slots = Slots(2)
    for _ in range(2):
        slots.put(None)
    with interrupting(error, moment, "pop"):
        slots.get(timeout=1)
    other = threading.Thread(target=slots.get, kwargs={"timeout": PATIENCE})
    other.start()
    other.join(PATIENCE / 2)
    assert not other.is_alive()
