"""The pages of the documentation, their code blocks, and the script that writes their tables."""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import gentrace.local

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOKEN = "YOUR_BEARER_TOKEN"  # noqa: S105 - the one in the contract's example


@dataclass
class Block:
    """A fenced code block, and the line of its page on which its code starts."""

    page: str
    language: str
    line: int
    code: str


def _name(page):
    return page.relative_to(ROOT).as_posix()


def _blocks():
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in re.finditer(r"^```(.*)\n((?:.*\n)*?)^```$", text, re.MULTILINE):
            yield Block(_name(page), found[1], text.count("\n", 0, found.start()) + 2, found[2])


def pytest_generate_tests(metafunc):
    """Run a test that asks for a page or a code block once for each of them."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=_name)
    if "block" in metafunc.fixturenames:
        metafunc.parametrize(
            "block", list(_blocks()), ids=lambda block: f"{block.page}:{block.line}"
        )


@pytest.fixture
def blocks():
    """All code blocks."""
    return list(_blocks())


@pytest.fixture(scope="session")
def pages():
    """All pages."""
    return PAGES


@pytest.fixture(scope="session")
def generate():
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def token():
    return TOKEN


@pytest.fixture
def server():
    """A local server that knows the token of the contract's example."""
    with gentrace.local.serve(token=TOKEN) as running:
        yield running


@pytest.fixture
def reader(server, token, monkeypatch, tmp_path):
    """A reader in an empty folder, whose environment says host and token."""
    monkeypatch.setenv("GENTRACE_HOST", server.url)
    monkeypatch.setenv("GENTRACE_API_KEY", token)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_python(tmp_path):
    """Run a script to its end in an empty folder; gives its output, or what it says if it fails."""

    def run(*arguments, fails=False, **environment):
        done = subprocess.run(  # noqa: S603 - our own scripts
            [sys.executable, "-W", "error", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if fails:
            assert done.returncode == 1
            return done.stderr
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run
