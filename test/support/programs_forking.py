"""Programs that fork, by themselves or by multiprocessing."""

import concurrent.futures
import ctypes
import multiprocessing
import os
import sys
import threading
import time

from support.children import wait_for
from support.program_tools import PATIENCE, RUN, balances, make, own_threads, reason
from support.waiting import wait_until

from gentrace.delivery import Delivery, Receipt, default_delivery, set_default_delivery
from gentrace.delivery.spool_file import SpoolFile


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


def fork_with_adopted(url, spool):
    """Fork while two runs that another process left are in flight."""
    delivery = make(url, spool=spool, exit_timeout=0)
    delivery.flush(0)
    wait_until(lambda: delivery.stats().in_flight == 2)
    child = os.fork()
    if not child:
        os._exit(0 if _in_child(delivery, [], 0) else 1)
    return {"code": wait_for(child)}


def fork_unseen(url):
    """Fork as a C program does, so that no hook of Python's runs, while a run hangs."""
    delivery = make(url, exit_timeout=0)
    parents = [delivery.submit(RUN, idempotency_key="hangs")]
    delivery.submit(RUN, idempotency_key="parent").result(PATIENCE)
    # A child would wait for a thread of its parent to take the interpreter's lock, if one had asked
    # for it: none asks within this interval.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(PATIENCE)
    child = ctypes.PyDLL(None).fork()
    sys.setswitchinterval(interval)
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


def fork_while_ending():
    """Fork while a thread ends a receipt, and holds its lock."""
    receipt = Receipt()
    held, over = threading.Event(), threading.Event()

    def hold(frame, event, argument):  # noqa: ARG001 - what a trace function is given
        if frame.f_code is threading.Condition.notify_all.__code__:
            held.set()
            over.wait(PATIENCE)

    def end():
        sys.settrace(hold)
        receipt.end("run")

    ending = threading.Thread(target=end)
    ending.start()
    held.wait(PATIENCE)
    child = os.fork()
    if not child:
        os._exit(0 if receipt.done() and receipt.result() == "run" else 1)
    code = wait_for(child)
    over.set()
    ending.join()
    return {"code": code, "result": receipt.result()}


_is_patient = []


def be_patient():
    """Have the default delivery of this process wait at its end, however slow the machine is."""
    if not _is_patient:
        _is_patient.append(True)
        set_default_delivery(Delivery(exit_timeout=PATIENCE))


def record_elsewhere(number):
    """What a worker of multiprocessing does: it submits and returns, and is not closed."""
    be_patient()
    default_delivery().submit(RUN, idempotency_key=f"worker {number}")
    return own_threads() != []


def workers(url, method, how):
    """Workers of multiprocessing that come to their end by themselves."""
    os.environ["GENTRACE_HOST"] = url
    be_patient()
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


def fork_while_looking(url, spool):
    """Fork while a file of the spool is looked through; the child sends what is left in it."""
    delivery = make(url, spool=spool)
    scan, seen, begun = SpoolFile.scan, [], threading.Event()

    def scan_slowly(file):
        for _ in scan(file):
            begun.set()
            seen.append(file)
            time.sleep(0.01)
            yield 2**21

    SpoolFile.scan = scan_slowly
    looking = threading.Thread(target=delivery.flush, args=[PATIENCE])
    looking.start()
    begun.wait(PATIENCE)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(write)
        os.read(read, 1)  # until the parent has closed the pipe
        SpoolFile.scan = scan
        own = make(url, spool=spool)
        is_done = own.flush(PATIENCE) and own.stats().delivered > 0
        os._exit(0 if is_done and own.close(PATIENCE) else 1)
    seen_at_fork = len(seen)
    delivery.close(0)
    looking.join(PATIENCE)
    os.close(write)
    return {"seen": seen_at_fork, "code": wait_for(child)}
