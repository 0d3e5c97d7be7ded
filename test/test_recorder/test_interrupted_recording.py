"""Recording inside of recording: finalizers, signal handlers, threads and forked children."""

import gc
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager

import pytest
from support.recording import InMemory, reason_of

from gentrace.recorder import Pipeline, current_run, current_step, step


class Finalized:
    """Records when it is collected, as it is in a cycle."""

    def __init__(self, pipeline, run):
        self.me = self
        self.pipeline = pipeline
        self.run = run

    def __del__(self):
        with self.run.step("finalizer"), self.pipeline.start(), step("inner"):
            pass
        self.run.add_step_run({"provider": {"name": "added"}})


COLLECTING = """
import gc
from support.recording import InMemory
from gentrace.recorder import Pipeline

pipeline = Pipeline("a", delivery=InMemory())

def record():
    with pipeline.start() as run, run.step("b"):
        pass

def callback(phase, info):
    gc.callbacks.clear()
    record()
    gc.callbacks.append(callback)

gc.callbacks.append(callback)
gc.set_threshold(3)
for _ in range(40):
    record()
gc.callbacks.clear()
print("recorded")
"""


def test_what_a_collection_records_does_not_crash_the_interpreter():
    """Wherever it begins, such as while the context is being changed."""
    command = [sys.executable, "-c", COLLECTING]
    paths = os.pathsep.join(sys.path)
    ended = subprocess.run(  # noqa: S603 - our own
        command, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": paths}, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "recorded\n", "")


def test_finalizers_that_record_while_something_is_recorded():
    """With collections forced at each allocation of a container."""
    delivery = InMemory()
    pipeline = Pipeline("a", delivery=delivery)
    threshold = gc.get_threshold()
    before = gc.get_stats()[0]["collections"]
    gc.set_threshold(1)
    try:
        with pipeline.start() as run:
            for number in range(300):
                Finalized(pipeline, run)
                with run.step("block", inputs={"a": [number, {1}]}) as one:
                    one.outputs = [number]
            gc.collect()  # for those that outlived the collections so far
            run.receipt.add_done_callback(lambda _: Finalized(pipeline, run))
    finally:
        gc.set_threshold(*threshold)
    assert gc.get_stats()[0]["collections"] - before > 1_000
    largest = max(delivery.runs, key=lambda one: len(one["stepRuns"]))
    names = [one["provider"]["name"] for one in largest["stepRuns"]]
    assert names.count("block") == 300
    assert names.count("added") > 250
    # Another thread may have been in the middle of the last one when the run ended.
    assert names.count("finalizer") - names.count("added") in {0, 1}
    assert len(delivery.runs) > 250


@contextmanager
def alarms(handle):
    """Call a function by a timer of the system, often enough to strike at any place.

    The timer starts anew when the function has ended: on a slow machine, one that goes on would
    interrupt the function again and again, and it would never end.
    """

    def strike(*_):
        handle()
        signal.setitimer(signal.ITIMER_REAL, 0.0005)

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        # This discards one that is still on its way, which would end the process.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, before)


def test_signal_handler_that_records_while_something_is_recorded(delivery):
    pipeline = Pipeline("a", delivery=delivery)
    struck = []

    def handle():
        struck.append(1)
        with run.step("handler"), pipeline.start() as other, step("inner"):
            _ = other.receipt

    with pipeline.start() as run, alarms(handle):
        for _ in range(100_000):
            if len(struck) >= 300:
                break
            with run.step("block", inputs={"a": 1}) as one:
                one.outputs = [{1}]
    assert len(struck) >= 300
    steps = delivery.runs[-1]["stepRuns"]
    names = [one["provider"]["name"] for one in steps]
    assert names.count("handler") == len(struck)
    assert len(delivery.runs) == len(struck) + 1
    assert not any("error" in one for one in steps)


def test_handler_that_ends_the_run_while_it_ends():
    """Each run is handed over once, wherever the handler strikes."""
    delivery = InMemory()
    pipeline = Pipeline("a", delivery=delivery)
    runs = []

    def handle():
        if runs:
            runs[-1].submit()

    with alarms(handle):
        for _ in range(1_000):
            with pipeline.start() as run:
                runs.append(run)
                with run.step("a"):
                    pass
    assert len(delivery.runs) == 1_000
    assert all(run.receipt.done() for run in runs)


@contextmanager
def interrupted_in_package(place):
    """Raise KeyboardInterrupt at that line of the package, counted from here; gives whether."""
    left = place
    struck = []

    def strike(frame, event, _):
        nonlocal left
        if not frame.f_globals["__name__"].startswith("gentrace."):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                sys.settrace(None)
                struck.append(1)
                raise KeyboardInterrupt
        return strike

    before = sys.gettrace()
    sys.settrace(strike)
    try:
        yield struck
    finally:
        sys.settrace(before)


def test_interrupt_at_the_end_of_a_block_leaves_no_run_open():
    """But one before the first line of that: then the block has not begun to end."""
    pipeline = Pipeline("a", delivery=InMemory())
    outer = pipeline.start()
    with outer:
        for place in range(1, 1_000):
            run = pipeline.start()
            run.__enter__()
            try:
                with interrupted_in_package(place) as struck:
                    run.__exit__(None, None, None)
            except KeyboardInterrupt:
                pass
            assert current_run() is outer
            if not struck:
                break
    assert place > 20
    assert current_run() is None


def test_run_that_ends_in_many_threads_is_handed_over_once(pipeline, delivery):
    for number in range(50):
        run = pipeline.start()
        barrier = threading.Barrier(4)

        def end(run=run, barrier=barrier):
            barrier.wait(timeout=60)
            with run.step("a"):
                pass
            run.submit()

        threads = [threading.Thread(target=end) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(delivery.bodies) == number + 1
    assert len(delivery.runs) == 50


def in_child(function):
    """Run a function in a forked child; gives what went wrong there."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the parent has to see it
            os.write(write, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:  # noqa: PTH123 - of a descriptor
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forked_child_records_nothing_of_its_parents_run(pipeline, delivery):
    with pipeline.start() as run, run.step("open") as one:
        early = pipeline.start()
        asked = early.receipt

        def child():
            assert current_run() is None
            assert current_step() is None
            with step("none") as nothing, run.step("none") as other:
                assert current_step() is None
                assert nothing is not other
            run.add_step_run({})
            assert reason_of(run.receipt) == "forked"
            assert run.submit() is run.receipt
            early.discard()
            assert reason_of(asked) == "forked"
            run.__exit__(None, None, None)
            assert delivery.bodies == []
            with pipeline.start(), step("own"):
                pass
            assert delivery.providers == [{"name": "own"}]

        assert in_child(child) == ""
        assert current_step() is one
        early.discard()
    assert reason_of(run.receipt) == "run 1"
    assert [provider["name"] for provider in delivery.providers] == ["open"]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_block_that_a_child_leaves_ends_nothing(pipeline, delivery):
    def child():
        block.__exit__(None, None, None)
        run.__exit__(None, None, None)
        del delivery.bodies[:]
        assert delivery.drops == []

    with pipeline.start() as run:
        block = run.step("a")
        with block:
            assert in_child(child) == ""
    assert len(delivery.steps) == 1


def test_child_that_skips_the_hooks_is_known_by_its_id(root):
    """As of a server written in C: by the system's own call."""
    script = """
import ctypes, os
from support.recording import InMemory, reason_of
from gentrace.recorder import Pipeline, current_run
delivery = InMemory()
with Pipeline("a", delivery=delivery).start() as run:
    pid = ctypes.CDLL(None).fork()
    if not pid:
        assert current_run() is None
        assert reason_of(run.submit()) == "forked"
        os._exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
assert len(delivery.runs) == 1
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "test"), *sys.path])}
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_run_that_is_interrupted_while_it_is_handed_over_ends_its_receipt(pipeline, delivery):
    """As by Ctrl-C while what an open step holds is encoded."""

    class Interrupted:
        def __repr__(self):
            raise KeyboardInterrupt

    run = pipeline.start()
    receipt = run.receipt
    block = run.step("a")
    block.__enter__().outputs = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run.submit()
    assert reason_of(receipt) == "discarded"
    assert run.submit() is receipt
    assert delivery.bodies == []


def test_interrupt_while_an_async_generator_starts_keeps_the_hooks_of_the_event_loop(pipeline):
    """Without them, no async generator of the thread would be closed any more."""

    @pipeline.traced
    async def generate():
        yield

    def interrupt(_frame, event, function):
        if event == "c_return" and function is sys.set_asyncgen_hooks:
            sys.setprofile(None)
            raise KeyboardInterrupt

    hooks = sys.get_asyncgen_hooks()
    try:
        sys.setprofile(interrupt)
        with pytest.raises(KeyboardInterrupt):
            generate().asend(None).send(None)
        assert sys.get_asyncgen_hooks() == hooks
    finally:
        sys.setprofile(None)
        sys.set_asyncgen_hooks(*hooks)
