"""Programs whose runs survive them in a spool."""

import itertools
import logging
import os
import random
import resource
import signal
import socket
import sys
import time

from support.program_tools import PATIENCE, RUN, balances, make, reason


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
