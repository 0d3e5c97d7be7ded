"""Programs in which something comes in the middle of submitting: finalizers, signals, greenlets."""

import gc
import itertools
import logging
import random
import signal
import sys
import threading
import time

from support.backfill import line
from support.program_tools import PATIENCE, RUN, balances, make, reason

from gentrace import Configuration
from gentrace.backfill import send_lines


class Recorder:
    """An object that submits a run when it goes, and is part of a cycle."""

    gone = 0

    def __init__(self, submit):
        self.submit = submit
        self.me = self

    def __del__(self):
        self.submit()
        Recorder.gone += 1


def interrupt(url, wanted, spool=None):
    """Submit in finalizers and signal handlers, in the middle of submitting."""
    delivery = make(url, max_runs=1_000_000, max_bytes=2**32, spool=spool)
    receipts = []
    depth = threading.local()

    def submit():
        depth.now = getattr(depth, "now", 0) + 1
        try:
            if depth.now < 6:  # one in the middle of the other, the stack would not do
                receipts.append(delivery.submit(RUN))
        finally:
            depth.now -= 1

    def handle(*_):
        submit()
        # Only now: however slow the machine is, the program goes on in between.
        signal.setitimer(signal.ITIMER_REAL, 0.0005)

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    gc.set_threshold(1)
    collections = gc.get_stats()[0]["collections"]
    looks = 0
    for number in itertools.count():
        Recorder(submit)
        submit()
        if number % 100 == 0:
            looks += balances(delivery.stats())
            if gc.get_stats()[0]["collections"] - collections >= int(wanted):
                break
        if number % 1000 == 0:
            delivery.flush(PATIENCE)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    gc.set_threshold(700)
    # Threads of the delivery collect too, and may be in the middle of it.
    end = time.monotonic() + PATIENCE
    while Recorder.gone <= number and time.monotonic() < end:
        gc.collect()
        time.sleep(0.001)
    is_done = delivery.flush(PATIENCE)
    stats = delivery.stats()
    return {
        "done": is_done,
        "balances": balances(stats) and looks == number // 100 + 1,
        "all": stats.accepted == stats.delivered == len(receipts),
        "runs": len(receipts),
    }


def flush_in_a_finalizer(url):
    """A finalizer that waits in the middle of submitting gets False, and hangs nothing."""
    delivery = make(url)
    answers = []
    gc.set_threshold(1)
    for _ in range(300):
        Recorder(lambda: answers.append(delivery.flush(0)))
        delivery.submit(RUN)
    gc.set_threshold(700)
    return {"done": delivery.flush(PATIENCE), "answered": len(answers) > 0}


def patched(url):
    """Under gevent, patched first of all."""
    import gevent  # noqa: PLC0415 - of this program alone
    from gevent import monkey  # noqa: PLC0415

    assert monkey.saved  # patched first of all
    delivery = make(url)
    spins = []

    def spin():
        while len(spins) < 10_000:
            spins.append(None)
            gevent.sleep(0)

    spinner = gevent.spawn(spin)
    greenlets = [gevent.spawn(delivery.submit, RUN) for _ in range(200)]
    gevent.joinall(greenlets)
    results = [greenlet.value.result(PATIENCE) for greenlet in greenlets]
    spun = len(spins)
    spinner.kill()
    is_done = delivery.close(PATIENCE)
    return {"results": len(set(results)), "done": is_done, "spun": spun > 0}


def traced(url):
    """Under OpenTelemetry's instrumentation of urllib3: the spans of a call and of a run."""
    from opentelemetry import trace  # noqa: PLC0415 - of this program alone
    from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import in_memory_span_exporter as memory  # noqa: PLC0415

    exporter = memory.InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    URLLib3Instrumentor().instrument()
    delivery = make(url)
    delivery.submit(RUN, idempotency_key="run").result(PATIENCE)
    of_run = len(exporter.get_finished_spans())
    delivery.api_client.call_api("/", "POST", idempotency_key="call")
    return {"run": of_run, "call": len(exporter.get_finished_spans()) - of_run}


def interrupt_with_errors(url, wanted, spool=None):
    """Submit while the handler of a signal raises, again and again."""
    logging.getLogger("gentrace").addHandler(logging.NullHandler())
    delivery = make(url, max_runs=1_000_000, max_bytes=2**32, spool=spool)
    delivery.submit(RUN).result(PATIENCE)
    struck = 0

    def handle(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, handle)
    chance = random.Random()  # noqa: S311 - no secret
    while struck < int(wanted):
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0001, 0.001))
            while True:
                delivery.submit(RUN)
        except KeyboardInterrupt:
            struck += 1
        if struck % 20 == 0:
            delivery.flush(PATIENCE)
    is_done = delivery.flush(PATIENCE)
    stats = delivery.stats()
    delivery.close(PATIENCE)
    return {
        "done": is_done,
        "balances": balances(stats),
        "left": stats.accepted - stats.delivered,
        "accepted": stats.accepted,
    }


def be_stopped(url):
    """Wait for runs, two of which are being sent when the test stops the process for a while."""
    delivery = make(url, workers=2)
    delivery.api_client.configuration.timeout = 1
    names = ("hangs", "late", "queued")
    receipts = [delivery.submit(RUN, idempotency_key=name) for name in names]
    print("waiting", flush=True)  # noqa: T201 - the test waits for it
    is_done = delivery.flush(PATIENCE)
    return {"done": is_done, "reasons": [reason(receipt) for receipt in receipts]}


def interrupt_sending(url, tries):
    """Raise KeyboardInterrupt at moments all over `send_lines`; return how often it left that."""
    lines = [line(name) for name in "abcdefgh"]
    configuration = Configuration(url)
    moments = 0

    def send(moment):
        nonlocal moments
        moments = 0

        def strike(frame, event, called):
            nonlocal moments
            file = frame.f_code.co_filename
            is_near = any(part in file for part in ("backfill", "concurrent", "contextlib"))
            is_end = event == "return" or (
                # No signal handler runs there, though from Python 3.14 on it is an event.
                event == "c_return" and called.__name__ != "__enter__"
            )
            moments += is_near and is_end
            if moments == moment:
                sys.setprofile(None)
                raise KeyboardInterrupt

        sys.setprofile(strike)
        try:
            send_lines(lines, configuration, parallel=3)
        except KeyboardInterrupt:
            return 1
        finally:
            sys.setprofile(None)
        return 0

    for _ in range(2):  # the first one imports what it needs
        send(None)
    step = moments / int(tries)
    return sum(send(round(number * step) + 1) for number in range(int(tries)))
