"""What test_process runs in processes of its own: `python processes.py NAME URL …`.

A run calls the function of that name, which prints what it saw as JSON.
"""

import atexit
import concurrent.futures
import gc
import itertools
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import traceback
from pathlib import Path

from children import wait_for

from gentrace import ApiClient, ApiException, Configuration
from gentrace.apis.tags.ingestion_api import IngestionApi

RUN = {"name": "answer-question", "step_runs": []}
PATIENCE = 60


def make(url, **settings):
    settings = {"ssl_ca_cert": os.environ.get("TRUSTED"), "timeout": PATIENCE} | settings
    return ApiClient(Configuration(url, **settings))


def post(client, key):
    """Whether a call gets the answer to its own request; the peer gives the key back."""
    answer = IngestionApi(client).pipeline_run_post(body=RUN, idempotency_key=key)
    return answer.body["pipelineRunId"] == key


def warm(client, connections):
    """Leave this many connections open and idle."""
    api = IngestionApi(client)
    held = [
        api.pipeline_run_post(RUN, stream=True, skip_deserialization=True).response
        for _ in range(connections)
    ]
    for response in held:
        response.read()


def fork(url, children, posts):
    """Fork with warm connections; parent and children post at the same time."""
    client = make(url)
    warm(client, 4)

    def work(name):
        return all(post(client, f"{name}-{n}") for n in range(int(posts)))

    born = []
    for number in range(int(children)):
        child = os.fork()
        if not child:
            own = work(f"child {number}")
            if number % 2:
                os._exit(0 if own else 1)
            sys.exit(0 if own else 1)
        born.append(child)
    own = work("parent")
    codes = [wait_for(child) for child in born]
    own = work("parent afterwards") and own
    return {"own": own, "codes": codes}


def fork_while_busy(url, forks):
    """Fork while threads are in the middle of calls: their locks stay locked in the child."""
    client = make(url, connection_pool_maxsize=2)
    stop = threading.Event()
    own = [post(client, "first")]

    def work(name):
        for number in itertools.count():
            own.append(post(client, f"{name}-{number}"))
            if stop.is_set():
                return

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    codes = []
    for number in range(int(forks)):
        child = os.fork()
        if not child:
            os._exit(0 if post(client, f"child {number}") else 1)
        codes.append(wait_for(child))
    stop.set()
    for thread in threads:
        thread.join()
    return {"own": all(own), "codes": codes}


def take_turns(url, threads, connections, calls):
    """How many calls each thread made by the time that one had made so many."""
    client = make(url, connection_pool_maxsize=int(connections))
    post(client, "first")
    counts = [0] * int(threads)

    def work(thread):
        while max(counts) < int(calls):
            post(client, f"{thread} {counts[thread]}")
            counts[thread] += 1

    with concurrent.futures.ThreadPoolExecutor(int(threads)) as pool:
        list(pool.map(work, range(int(threads))))
    return counts


def work_elsewhere(client, key):
    return post(client, key), client.configuration.access_token, os.getpid()


def workers(url, method, how, keep):
    """Send a client to workers."""
    client = make(url, pickle_token=keep == "keep")
    client.configuration.access_token = "sent-along"  # noqa: S105 - of the test
    warm(client, 1)
    context = multiprocessing.get_context(method)
    keys = [f"key {n}" for n in range(6)]
    try:
        if how == "pool":
            with context.Pool(2) as pool:
                results = pool.starmap(work_elsewhere, [(client, key) for key in keys])
                pool.close()
                pool.join()
        else:
            with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
                results = list(pool.map(work_elsewhere, [client] * len(keys), keys))
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return {"error": f"{type(error).__name__}: {error}"}
    own, tokens, places = map(set, zip(*results, strict=True))
    return {"own": own == {True}, "tokens": list(tokens), "elsewhere": os.getpid() not in places}


FINALIZERS = {"__del__", "_remove", "closed", "_close_pool_connections", "__call__"}
"""Functions that Python calls when an object goes, and of a file, whether it is closed."""


class Stop(BaseException):
    """What a signal handler raises."""


def raise_at_alarms(raised):
    """Raise it at each alarm; return a list that gets an item each time."""
    struck = []

    def handle(_, frame):
        # Python drops what is raised in a finalizer.
        if not any(f.f_code.co_name in FINALIZERS for f, _ in traceback.walk_stack(frame)):
            struck.append(None)
            raise raised

    signal.signal(signal.SIGALRM, handle)
    return struck


def interrupt(url, kind, wanted, aside):
    """Interrupt calls at random moments; the call after each gets its own answer."""
    kinds = (KeyboardInterrupt, Stop, TimeoutError, RuntimeError)
    raised = {kind.__name__: kind for kind in kinds}[kind]
    struck = raise_at_alarms(raised)
    chance = random.Random(8371)  # noqa: S311 - no secret
    stop = threading.Event()
    client = make(url, connection_pool_maxsize=2 if aside == "aside" else 1)
    own = [post(client, "first")]

    def work():
        for number in itertools.count():
            own.append(post(client, f"aside {number}"))
            if stop.is_set():
                return

    thread = threading.Thread(target=work)
    if aside == "aside":
        thread.start()
    gc.disable()  # Python drops what is raised while it collects a file, too
    interrupted = calls = 0
    reach = 0.001  # seconds: about twice as long as a call, whatever that is at the time
    while interrupted < int(wanted) and calls < 20 * int(wanted):
        calls += 1
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, reach))
            own.append(post(client, f"call {calls}"))
            signal.setitimer(signal.ITIMER_REAL, 0)
            reach = max(0.9 * reach, 1e-5)
        except raised:
            interrupted += 1
            reach = min(reach / 0.9, 10)
        own.append(post(client, f"after {calls}"))
        if calls % 20 == 0:
            gc.collect()
    stop.set()
    if aside == "aside":
        thread.join()
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their count
    lost = len(struck) - interrupted
    return {
        "own": all(own),
        "interrupted": interrupted,
        "lost": lost,
        "descriptors": descriptors,
    }


class Late:
    """Makes a call when the interpreter has nearly ended."""

    def __init__(self, client):
        self.client = client
        self.api = IngestionApi(client)
        self.failure = ApiException
        self.write = sys.stdout.write

    def call(self, key):
        try:
            answer = self.api.pipeline_run_post(
                body={"name": "n", "step_runs": []}, idempotency_key=key
            )
            self.write(f"{answer.body['pipelineRunId']}\n")
        except self.failure as error:
            self.write(f"ApiException {error.status}\n")

    def __del__(self):
        self.call("at the end")


def at_exit(url, when, is_warm):
    """Call in `atexit`, or in `__del__` when the interpreter ends."""
    client = make(url)
    late = Late(client)
    if is_warm == "warm":
        post(client, "warm")
    if when == "atexit":
        atexit.register(late.call, "at exit")
    else:
        sys.modules["__main__"].late = late
    return {}


def fail_often(url, calls):
    """Calls of which half fail; what is held is counted after some and at the end."""
    client = make(url, retries=0)
    held = []
    failed = 0
    for _ in range(2):
        for _ in range(int(calls) // 2):
            try:
                IngestionApi(client).pipeline_run_post(body=RUN)
            except ApiException:
                failed += 1
        gc.collect()
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        held.append([descriptors, threading.active_count(), len(gc.get_objects())])
    return {"failed": failed, "held": held}


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(globals()[name](*arguments)), flush=True)  # noqa: T201 - its result
