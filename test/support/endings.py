"""What `test_endings` runs in processes of its own: `python endings.py NAME URL`."""

# ruff: noqa: T201 - it prints what it saw

import atexit
import multiprocessing
import os
import sys

from gentrace import ApiClient, ApiException, Configuration


def post(client, key, **keywords):
    return client.call_api("/pipeline-run", "POST", body="{}", idempotency_key=key, **keywords)


def three_calls(url):
    """Leave three calls under way at the end of the script, and no name that holds them."""
    client = ApiClient(Configuration(url), pool_threads=2)
    for key in ("one", "two", "three"):
        post(client, key, async_req=True)


def dropped_client(url):
    """Drop the client of a call that is under way."""
    post(ApiClient(Configuration(url)), "one", async_req=True)


def call_at_exit(url):
    """Call from a function of `atexit` that was there before the package."""
    client = ApiClient(Configuration(url))
    post(client, "one", async_req=True).get()
    later(lambda: post(client, "two", async_req=True))


def call_in_child(url):
    """Leave calls under way at the end of a child of multiprocessing."""
    child = multiprocessing.get_context("fork").Process(target=three_calls, args=(url,))
    child.start()
    child.join()
    print(child.exitcode)


def first_call_at_exit(url):
    """Make the first call of the program in a function of `atexit`, and do not wait for it."""
    client = ApiClient(Configuration(url))
    atexit.register(lambda: post(client, "one", async_req=True) and None)


def plain_call_at_exit(url):
    """Call from a function of `atexit` and wait for the answer."""
    client = ApiClient(Configuration(url))
    later(lambda: print(post(client, "one").status))


at_exit = []


def later(function):
    at_exit.append(function)


def run_later():
    for function in at_exit:
        try:
            function()
        except ApiException as error:
            print(error)


def same_process_id(url):
    """Fork where the child has the parent's process id, as in a namespace of its own."""
    client = ApiClient(Configuration(url))
    post(client, "first")
    os.getpid = lambda: 1
    post(client, "second")
    child = os.fork()
    name = "child" if child == 0 else "parent"
    own = [post(client, f"{name}{n}").json()["pipelineRunId"] == f"{name}{n}" for n in range(30)]
    if child == 0:
        os._exit(0 if all(own) else 1)
    print(all(own), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    atexit.register(run_later)
    globals()[sys.argv[1]](sys.argv[2])
