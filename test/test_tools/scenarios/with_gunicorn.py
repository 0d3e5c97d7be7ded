"""gunicorn: two worker processes that record what they serve, until the server is stopped."""

import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

from calls import main, tell

PATIENCE = 60
OPTIONS = ["--bind=127.0.0.1:0", "--workers=2", f"--graceful-timeout={PATIENCE}"]
OPTIONS += [f"--chdir={Path(__file__).parent}", "--no-control-socket"]


def sync(url):
    serve(url, "--worker-class=sync")


def preloaded(url):
    serve(url, "--worker-class=sync", "--preload")


def gthread(url):
    serve(url, "--worker-class=gthread", "--threads=4")


def serve(url, *options):
    environment = os.environ | {"GENTRACE_HOST": url, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "gunicorn", *OPTIONS, *options, "gunicorn_app"]
    with Path("log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own
        try:
            connection = HTTPConnection("127.0.0.1", find_port(), timeout=PATIENCE)
            for number in range(20):
                connection.request("GET", f"/{number}")
                connection.getresponse().read()
                connection.close()  # another process may take the next one
            server.send_signal(signal.SIGTERM)
            tell(code=server.wait(PATIENCE))
        finally:
            server.kill()
            server.wait()


def find_port():
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = re.search(r"Listening at: http://127.0.0.1:(\d+)", Path("log").read_text())
        if found is not None:
            return int(found[1])
        time.sleep(0.05)
    raise TimeoutError(Path("log").read_text())


main(globals())
