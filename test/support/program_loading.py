"""A program that forks while another thread loads a module: `python program_loading.py …`.

It imports little, so that the call is what loads its modules.
"""

import os
import sys
import threading
from contextlib import suppress

from children import wait_for

from gentrace import ApiClient, Configuration
from gentrace.exceptions import ApiConnectionException


class Holding:
    """Finds no module, but holds the load of one up, for as long as a fork needs."""

    def __init__(self, name):
        self.name = name
        self.is_met = threading.Event()

    def find_spec(self, name, *_):
        if name == self.name and not self.is_met.is_set():
            self.is_met.set()
            threading.Event().wait(0.3)


def main(url, module, how):
    holding = Holding(module)
    sys.meta_path.insert(0, holding)
    client = ApiClient(Configuration(url, timeout=30, retries=0))

    def call():
        with suppress(ApiConnectionException):  # over TLS, nobody listens
            if how == "at once":
                client.call_api("/x", "GET", async_req=True).get(30)
            else:
                client.call_api("/x", "GET")

    thread = threading.Thread(target=call)
    thread.start()
    assert holding.is_met.wait(30)
    child = os.fork()
    if not child:
        call()
        os._exit(7)
    code = wait_for(child, 30)
    thread.join()
    return code


print(main(*sys.argv[1:]))  # noqa: T201 - its result
