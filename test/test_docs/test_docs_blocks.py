"""The code blocks of the documentation."""

import re
from importlib.metadata import entry_points

import pytest

import gentrace

INSTALLED = any(entry.name == "gentrace" for entry in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "gentrace.testing.plugin")


@pytest.fixture
def run_block(block, run_python, tmp_path):
    """Run a block as a program of its own: its runs are sent when that ends."""
    script = tmp_path / "test_block.py"
    # A traceback shows the lines of the page.
    script.write_text("\n" * (block.line - 1) + block.code, "utf-8")
    if re.search(r"^def test_", block.code, re.MULTILINE):
        return lambda: run_python("-m", "pytest", "-q", *PLUGIN, script)
    return lambda: run_python(script)


@pytest.mark.usefixtures("reader")
def test_code_block_runs(block, run_block):
    """Each Python block stands alone, does its work, and says nothing on the standard error.

    So nothing that it records is dropped or off, which would be warned about there.
    """
    if block.language != "python":
        assert (block.page, block.language) == ("README.md", "sh")
        return
    assert "Exception when calling" not in run_block()


def test_readme_has_two_commands_and_ci_runs_them(blocks, root):
    """The first stores and shows a run, the second passes the tests; both make their own venv."""
    first, second = [block.code.splitlines() for block in blocks if block.language == "sh"]
    assert first[0] == second[0] == "python3 -m venv .venv"
    assert first[1:] == [
        ".venv/bin/pip install '.[local]'",
        ".venv/bin/python examples/quickstart.py",
    ]
    assert second[1:] == [".venv/bin/pip install tox", ".venv/bin/tox"]
    assert re.findall(r"readme_command (\d)", (root / ".ci" / "run").read_text("utf-8")) == [
        "1",
        "2",
    ]


def test_no_page_installs_from_the_index(page):
    """The name belongs to another client there until this one is published."""
    installs = re.findall(r"pip install ([^`\n]*)", page.read_text("utf-8"))
    assert not [what for what in installs if "gentrace" in what]


def test_contract_example_is_the_same_everywhere(blocks, root):
    """The README, the page of the API and the script have the contract's example word for word."""
    script = (root / "examples" / "contract.py").read_text("utf-8")
    pages = [block.page for block in blocks if block.code == script]
    assert pages == ["README.md", "docs/apis/tags/IngestionApi.md"]


def test_package_documents_its_version(root):
    """The changelog's newest entry, and what the README names, are the version of the package."""
    entries = re.findall(
        r"^## \[?([\d.]+)", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert entries[0] == gentrace.__version__
    assert f"Version {gentrace.__version__} of the package" in (root / "README.md").read_text(
        "utf-8"
    )
