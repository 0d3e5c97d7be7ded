"""The viewer in a real Chromium, against a real local server."""

import json
import os
import shutil
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

import gentrace.local

# The build without windows first: the tests take two thirds of the time with it.
BUILDS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BUILDS)), None)
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Milliseconds that the browser gets for anything at all.
PATIENCE = 15_000


@dataclass
class Site:
    """A local server and the runs that a test gave it."""

    url: str
    token: str | None = None

    @property
    def page(self):
        return self.url.removesuffix("/api/v1") + "/"

    def store(self, run):
        """Store a run; gives its id."""
        with self._open("pipeline-run", json.dumps(run).encode()) as answer:
            return json.load(answer)["pipelineRunId"]

    def delete(self, run_id):
        with self._open(f"pipeline-runs/{run_id}", method="DELETE"):
            pass

    def _open(self, path, body=None, method=None):
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(  # noqa: S310
            f"{self.url}/{path}", body, headers, method=method
        )
        return urllib.request.urlopen(request)  # noqa: S310 - our own server


class Steps:
    """Makes steps of runs that began a while ago."""

    def __init__(self, ago):
        self.start = datetime.now(UTC) - ago

    def __call__(self, name, offset=0, took=100, error=None, **provider):
        start = self.start + timedelta(milliseconds=offset)
        step = {
            "provider": {"name": name, **provider},
            "elapsedTime": took,
            "startTime": start.isoformat(),
            "endTime": (start + timedelta(milliseconds=took)).isoformat(),
        }
        return step if error is None else step | {"error": error}


@pytest.fixture
def steps():
    """Make steps: name, offset and duration in ms, error, and the provider's properties."""
    return Steps(timedelta(minutes=5))


@pytest.fixture
def steps_of():
    """Make steps of a run that began so long ago."""
    return Steps


@pytest.fixture
def site():
    """A server that holds nothing yet."""
    with gentrace.local.serve() as server:
        yield Site(server.url)


@pytest.fixture
def guarded():
    """A server that wants a token."""
    with gentrace.local.serve(token="open-sesame") as server:  # noqa: S106 - made up
        yield Site(server.url, "open-sesame")


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    # Chromium has no sandbox for root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + sandbox)
        yield chromium
        chromium.close()


def go_to(page, site, place):
    # From elsewhere, so that the whole page is loaded again.
    page.goto("about:blank")
    page.goto(site.page + place)
    page.wait_for_selector("main :is(h1, h2)")
    return page


@pytest.fixture
def visit():
    """Load another place in a page that is open."""
    return go_to


@pytest.fixture
def open_page(browser):
    """Open the page at a part of its address; in the end, there may be no complaint."""
    contexts, complaints = [], []

    def complain(message):
        # Chromium says of each refused request that it was refused.
        refused = message.text.startswith("Failed to load resource: the server responded")
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def make(site, place="", *, width=1200, height=800, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        elsewhere = f"a request to another place than {site.page}: "
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((site.page, "data:", "about:"))
                else complaints.append(elsewhere + request.url)
            ),
        )
        return go_to(page, site, place)

    yield make
    for context in contexts:
        context.close()
    assert complaints == []
