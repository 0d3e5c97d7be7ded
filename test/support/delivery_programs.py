"""What tests of a delivery run in processes of their own: `python delivery_programs.py NAME …`.

A run calls the function of that name with the URL of a server; it prints what it saw as JSON.
"""

import atexit
import concurrent.futures
import ctypes
import gc
import itertools
import json
import logging
import multiprocessing
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
import tracemalloc

import gentrace.rest  # noqa: F401 - no time-out of a test shall count the loading of it
from gentrace import ApiClient, Configuration
from gentrace.delivery import Delivery, DeliveryError, default_delivery

RUN = {"name": "answer-question", "step_runs": []}
PATIENCE = 30


def make(url, *, spool=None, **options):
    options["spool"] = spool
    return Delivery(ApiClient(Configuration(url, "token")), **options)


def reason(receipt):
    """How a receipt ended: the reason, or "delivered"."""
    try:
        receipt.result(PATIENCE)
    except DeliveryError as error:
        return error.reason
    return "delivered"


def balances(stats):
    ended = stats.delivered + sum(stats.dropped.values())
    return stats.accepted == ended + stats.queued + stats.in_flight


def own_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("gentrace")]


def wait_for(child):
    """The exit code of a child, or None if it hangs."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


# The interpreter's end.


def end_with_runs(url, count, exit_timeout):
    """End with runs that are not sent yet; they are sent, or given up, while the program ends."""
    delivery = make(url, exit_timeout=float(exit_timeout))
    for number in range(int(count)):
        delivery.submit(RUN, idempotency_key=f"run {number}")
    return {"at": time.time()}


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
        end = time.monotonic() + PATIENCE
        while not delivery.stats().in_flight and time.monotonic() < end:
            time.sleep(0.001)
    return {"at": time.time()}


def end_at_exit(url):
    """The first run comes when no thread can start any more."""
    delivery = make(url)
    atexit.register(delivery.submit, RUN, idempotency_key="at exit")
    return {}


def end_by_default(_url):
    """The default delivery, of the environment."""
    default_delivery().submit(RUN, idempotency_key="default")
    return {}


def hold(url, count):
    """Hold runs in memory that cannot be sent; what they take, and what they are counted with."""
    delivery = make(url, max_runs=int(count), exit_timeout=0)
    body = {"name": "x" * 10_000, "step_runs": []}
    tracemalloc.start()
    for _ in range(2 * int(count)):
        delivery.submit(body)
    peak = tracemalloc.get_traced_memory()[1]
    return {"peak": peak, "bytes": delivery.stats().bytes}


# Spools.


def leave(url, count, spool):
    """Leave runs to a server in a spool: the only worker waits for another server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hanging = f"http://127.0.0.1:{listener.getsockname()[1]}"
        delivery = make(hanging, spool=spool, exit_timeout=0, workers=1)
        delivery.submit(RUN, idempotency_key="run 0")
        talk, _ = listener.accept()
        delivery.api_client.configuration.host = url
        for number in range(1, int(count)):
            delivery.submit(RUN, idempotency_key=f"run {number}")
        delivery.flush(0)
        delivery.close(0)
        talk.close()
    return {}


def hang(url, spool, how=None):
    """Store a run that is being sent to a server that hangs, and say so; end in some way."""
    listener = socket.create_server(("127.0.0.1", 0))
    delivery = make(f"http://127.0.0.1:{listener.getsockname()[1]}", spool=spool)
    delivery.submit(RUN, idempotency_key="hangs")
    _connection = listener.accept()
    delivery.api_client.configuration.host = url
    delivery.flush(0)
    print("stored", flush=True)  # noqa: T201 - the test waits for it
    if how == "os._exit":
        os._exit(0)
    if how is not None:
        os.kill(os.getpid(), signal.Signals[how])
    time.sleep(PATIENCE)


def fill_disk(url, spool):
    """Submit until the file can grow no more, and go on."""
    said = []
    logging.getLogger("gentrace").addHandler(_Listener(said))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    delivery = make(url, spool=spool)
    body = {"name": "x" * 10_000, "step_runs": []}
    receipts = [delivery.submit(body) for _ in range(50)]
    delivered = all(reason(receipt) == "delivered" for receipt in receipts)
    is_balanced = balances(delivery.stats())
    delivery.close(PATIENCE)
    return {
        "delivered": delivered,
        "balances": is_balanced,
        "said": any("memory" in words for words in said),
    }


class _Listener(logging.Handler):
    def __init__(self, said):
        super().__init__()
        self.said = said

    def emit(self, record):
        self.said.append(record.getMessage())


def killed(url, spool, kills, name):
    """Fork children that submit and deliver, and kill each at a random moment.

    Prints the names of all runs whose `submit` had returned.
    """
    chance = random.SystemRandom()
    for kill in range(int(kills)):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            delivery = make(url, spool=spool)
            for number in itertools.count():
                run = f"{name}-{kill}-{number}"
                delivery.submit({"name": run, "step_runs": []})
                os.write(write, f"{run}\n".encode())
                if number % 20 == 19:
                    delivery.flush(PATIENCE)
        os.close(write)
        with open(read, "rb") as pipe:  # noqa: PTH123 - a descriptor
            first = pipe.readline()
            time.sleep(chance.uniform(0, 0.05))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            rest = pipe.read()
        whole = (first + rest).rpartition(b"\n")[0]
        print(whole.decode())  # noqa: T201 - the test reads it
    sys.exit(0)


# Forks.


def fork(url, children, spool=None):
    """Fork while runs are queued and in flight; each process sends its own."""
    delivery = make(url, max_runs=100_000, spool=spool)
    parents = [delivery.submit(RUN, idempotency_key=f"parent {n}") for n in range(200)]
    born = []
    for number in range(int(children)):
        parents.append(delivery.submit(RUN, idempotency_key=f"before {number}"))
        child = os.fork()
        if not child:
            os._exit(0 if _in_child(delivery, parents, number) else 1)
        born.append(child)
    codes = [wait_for(child) for child in born]
    delivered = delivery.flush(PATIENCE)
    delivery.close(PATIENCE)
    return {"codes": codes, "delivered": delivered, "reasons": sorted(set(map(reason, parents)))}


def _in_child(delivery, parents, number):
    pending = [receipt for receipt in parents if reason(receipt) != "delivered"]
    own = [reason(receipt) for receipt in pending]
    checks = [
        len(os.listdir("/proc/self/task")) == 1 or "threads",  # noqa: PTH208 - only their count
        delivery.stats().accepted == 0 or "stats",
        set(own) <= {"forked"} or own,
        delivery.flush(0) or "flush",
    ]
    receipts = [delivery.submit(RUN, idempotency_key=f"child {number} {n}") for n in range(5)]
    checks.append({reason(receipt) for receipt in receipts} == {"delivered"} or "own")
    checks.append((balances(delivery.stats()) and delivery.stats().delivered == 5) or "balance")
    checks.append(delivery.close(PATIENCE) or "close")
    wrong = [check for check in checks if check is not True]
    if wrong:
        print(wrong, file=sys.stderr, flush=True)  # noqa: T201 - the test shows it
    return not wrong


def fork_unseen(url):
    """Fork as a C program does, so that no hook of Python's runs, while a run hangs."""
    delivery = make(url, exit_timeout=0)
    parents = [delivery.submit(RUN, idempotency_key="hangs")]
    delivery.submit(RUN, idempotency_key="parent").result(PATIENCE)
    child = ctypes.PyDLL(None).fork()
    if not child:
        os._exit(0 if _in_child(delivery, parents, 0) else 1)
    return {"code": wait_for(child), "pending": not parents[0].done()}


def fork_and_exit(url, how):
    """A child that sends one run and ends, in a way of its own."""
    delivery = make(url)
    delivery.submit(RUN, idempotency_key="parent").result(PATIENCE)
    child = os.fork()
    if not child:
        delivery.submit(RUN, idempotency_key="child")
        if how == "sys.exit":
            sys.exit(0)
        delivery.close(PATIENCE)
        os._exit(0)
    return {"code": wait_for(child)}


def fork_twice(url):
    """A receipt of the grandparent, in the grandchild."""
    delivery = make(url, exit_timeout=0)
    receipt = delivery.submit(RUN, idempotency_key="hangs")
    child = os.fork()
    if not child:
        child = os.fork()
        if not child:
            os._exit(0 if reason(receipt) == "forked" else 1)
        os._exit(wait_for(child))
    return {"code": wait_for(child)}


_inherited = None


def record_elsewhere(number):
    """What a worker of multiprocessing does: it submits and returns, and is not closed."""
    delivery = default_delivery()
    delivery.submit(RUN, idempotency_key=f"worker {number}")
    return own_threads() != []


def workers(url, method, how):
    """Workers of multiprocessing that come to their end by themselves."""
    os.environ["GENTRACE_HOST"] = url
    default_delivery().submit(RUN, idempotency_key="preloaded").result(PATIENCE)
    context = multiprocessing.get_context(method)
    if how == "pool":
        with context.Pool(2) as pool:
            results = pool.map(record_elsewhere, range(6), 1)
            pool.close()
            pool.join()
    elif how == "executor":
        with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
            results = list(pool.map(record_elsewhere, range(6)))
    else:
        processes = [context.Process(target=record_elsewhere, args=(n,)) for n in range(6)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(PATIENCE)
        results = [process.exitcode == 0 for process in processes]
    return {"all": all(results)}


# Signal handlers and finalizers.


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

    signal.signal(signal.SIGALRM, lambda *_: submit())
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
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
    signal.setitimer(signal.ITIMER_REAL, 0)
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
    import gevent  # noqa: PLC0415 - patched at the top of this program

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


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name == "patched":
        from gevent import monkey

        print("the test shall patch first") if not monkey.saved else None  # noqa: T201
    print(json.dumps(globals()[name](*arguments)), flush=True)  # noqa: T201 - its result
