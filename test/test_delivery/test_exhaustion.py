"""A first run when the system has no file descriptor left, or the transport cannot be imported."""

import os
import subprocess
import sys

from support.descriptors import FREE, USE_UP
from support.peers import Peer

START = """
import os, resource, sys
import gentrace

configuration = gentrace.Configuration(sys.argv[1], access_token="t", json_encoder="json")
delivery = gentrace.Delivery(gentrace.ApiClient(configuration))
run = gentrace.Pipeline("answer", delivery=delivery).start()

def wait_for_failure(words):
    while True:
        try:
            run.receipt.result(0.05)
        except TimeoutError as error:
            if words in str(error):
                return
"""

SUBMIT = """
run.submit()
wait_for_failure("the transport cannot load: [Errno 24] Too many open files")
"""

BROKEN = """
os.makedirs("broken/urllib3")
with open("broken/urllib3/__init__.py", "w") as file:
    file.write("raise AttributeError('broken')")
sys.path.insert(0, "broken")
run.submit()
wait_for_failure("the last try failed: AttributeError")
del sys.path[0]
"""

END = """
print(run.receipt.result(30))
"""


def run(body, directory):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    with Peer() as peer:
        return subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-c", START + body + END, peer.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=directory,
            env=environment,
        )


def test_first_run_without_a_descriptor_is_sent_when_there_are_some(tmp_path):
    done = run(USE_UP + SUBMIT + FREE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_first_run_is_sent_when_a_broken_package_is_mended(tmp_path):
    """The warning names the class of the error alone, and no thread ends with a traceback."""
    done = run(BROKEN, tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip()
    assert set(done.stderr.splitlines()) == {
        "a run could not be sent, and is tried again: AttributeError"
    }
