"""Programs that end while a delivery has runs."""

import asyncio
import atexit
import logging
import os
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

from support.program_tools import PATIENCE, RUN, make
from support.waiting import wait_until

from gentrace import ApiClient, Configuration
from gentrace.delivery import Delivery, default_delivery
from gentrace.delivery.clock import Clock


def end_with_runs(url, count, exit_timeout):
    """End with runs that are not sent yet; they are sent, or given up, while the program ends."""
    delivery = make(url, exit_timeout=float(exit_timeout))
    for number in range(int(count)):
        delivery.submit(RUN, idempotency_key=f"run {number}")
    return {"at": time.monotonic()}


def end_recording(url):
    """End while a daemon thread goes on to record, and the server hangs."""
    delivery = make(url, exit_timeout=0.2)
    delivery.submit(RUN).result(PATIENCE)

    def record():
        for _ in range(10_000):
            delivery.submit(RUN)
            time.sleep(0.001)

    threading.Thread(target=record, daemon=True).start()
    wait_until(lambda: delivery.stats().in_flight == 4)
    return {}


def end_warm(url):
    """Submit when urllib3 has closed, at the end, the connections that a run before made."""
    delivery = make(url, exit_timeout=PATIENCE)
    atexit.register(delivery.submit, RUN, idempotency_key="at exit")
    delivery.submit(RUN, idempotency_key="first").result(PATIENCE)
    return {}


def end_with_several(url, count, exit_timeout):
    """Several deliveries end at the same time, each within its own time-out."""
    for number in range(int(count)):
        delivery = make(url, exit_timeout=float(exit_timeout))
        delivery.submit(RUN, idempotency_key=f"run {number}")
        wait_until(lambda delivery=delivery: delivery.stats().in_flight)
    return {"at": time.monotonic()}


def end_at_exit(url, exit_timeout=PATIENCE):
    """The first run comes when no thread can start any more."""
    delivery = make(url, exit_timeout=float(exit_timeout))
    atexit.register(delivery.submit, RUN, idempotency_key="at exit")
    return {"at": time.monotonic()}


def end_waiting(url):
    """Wait for receipts in an exit function, where no thread has started before."""
    delivery = make(url, exit_timeout=PATIENCE)

    async def wait():
        return await delivery.submit(RUN, idempotency_key="awaited")

    def last():
        delivery.submit(RUN, idempotency_key="waited for").result()
        asyncio.run(wait())

    atexit.register(last)
    return {}


def end_finalized(url, spool, log):
    """Submit in finalizers after all exit functions: by deliveries that were used before or not."""
    file = Path(log).open("w", buffering=1)  # noqa: SIM115 - until the very end
    deliveries = [make(url), make(url), make(url, spool=spool)]
    deliveries[0].submit(RUN).result(PATIENCE)

    class Last:
        def __init__(self):
            self.deliveries, self.run, self.file = deliveries, RUN, file

        def __del__(self):
            for delivery in self.deliveries:
                receipt = delivery.submit(self.run)
                print(receipt.exception(0).reason, delivery.stats().queued, file=self.file)
                delivery.flush()

    sys.modules["__main__"].last = Last()
    logging.getLogger("gentrace").addHandler(logging.StreamHandler(file))
    return {}


def end_stopped(_url, spool, log):
    """Flush in a finalizer when a worker was stopped for good while it changed the queue."""
    from support.peers import Peer, echo  # noqa: PLC0415 - of this program alone

    file = Path(log).open("w", buffering=1)  # noqa: SIM115 - until the very end
    is_closed, is_stopped = threading.Event(), threading.Event()

    class StoppingClock(Clock):
        def now(self):
            # Of a worker, which asks for the time only under the lock of the queue.
            if is_closed.is_set() and threading.current_thread().name[-1].isdigit():
                is_stopped.set()
                threading.Event().wait(PATIENCE)
            return super().now()

    class StoppingDelivery(Delivery):
        clock = StoppingClock()

        def __del__(self):
            print(self.flush(), self.submit(RUN).done(), file=self.file)

    def answer(talk, request):
        is_closed.wait(PATIENCE)
        echo(talk, request)

    with Peer(answer) as peer:
        delivery = StoppingDelivery(ApiClient(Configuration(peer.url, "token")), spool=spool)
        delivery.file = file
        delivery.submit(RUN)
        peer.wait(lambda: peer.requests)
        delivery.close(0)
        is_closed.set()
        is_stopped.wait(PATIENCE)
    sys.modules["__main__"].last = delivery
    return {"stopped": is_stopped.is_set()}


def end_adopted(url, spool, count):
    """Take over runs of another process, then end with others, or with none."""
    delivery = make(url, spool=spool)
    delivered = delivery.flush(PATIENCE)
    for number in range(int(count)):
        delivery.submit(RUN, idempotency_key=f"own {number}")
    return {"adopted": delivery.stats().accepted - int(count), "delivered": delivered}


def end_by_default(_url):
    """The default delivery, of the environment."""
    default_delivery().submit(RUN, idempotency_key="default")
    return {}


def hold(url, count):
    """Hold runs in memory that cannot be sent; what they take, and what they are counted with."""
    logging.getLogger("gentrace").addHandler(logging.NullHandler())  # of the drops
    delivery = make(url, max_runs=int(count), exit_timeout=0)
    body = {"name": "x" * 10_000, "step_runs": []}
    tracemalloc.start()
    for _ in range(2 * int(count)):
        delivery.submit(body)
    peak = tracemalloc.get_traced_memory()[1]
    return {"peak": peak, "bytes": delivery.stats().bytes}


def end_heard(url, log):
    """End with a run that hangs, and one closed before, where somebody handles what is logged."""
    handler = logging.FileHandler(log)
    logging.getLogger("gentrace").addHandler(handler)
    closed = make(url)
    closed.close()
    for _ in range(100):
        closed.submit(RUN)
    make(url, exit_timeout=0).submit(RUN)
    return {}


def end_as_in_multiprocess(url):
    """End without exit functions once the finalizers of `multiprocess` have run."""
    finalizers = []
    sys.modules["multiprocess.process"] = SimpleNamespace(parent_process=object)
    sys.modules["multiprocess.util"] = SimpleNamespace(
        Finalize=lambda _, callback, **__: finalizers.append(callback)
    )
    for number in range(2):
        make(url, exit_timeout=PATIENCE).submit(RUN, idempotency_key=f"of task {number}")
    (finalize,) = finalizers
    finalize()
    print("{}", flush=True)  # noqa: T201 - the result
    os._exit(0)


def end_as_in_celery(url):
    """End without exit functions once all has been told that Celery tells of a process's end."""
    receivers = []
    signal = SimpleNamespace(connect=lambda receiver, **_: receivers.append(receiver))
    sys.modules["celery.signals"] = SimpleNamespace(worker_process_shutdown=signal)
    make(url, exit_timeout=PATIENCE).submit(RUN, idempotency_key="of a task")
    for receiver in receivers:
        receiver(signal=signal, sender=None, pid=os.getpid(), exitcode=0)
    print("{}", flush=True)  # noqa: T201 - the result
    os._exit(0)
