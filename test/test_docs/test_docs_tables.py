"""A table of names has a row for each of them, and for no other."""

import inspect
import json
import re
import subprocess
import sys
import tomllib

import pytest

import gentrace
import gentrace.local
import gentrace.testing
from gentrace.backfill import send_lines
from gentrace.cli import runs
from gentrace.cli.commands import COMMANDS
from gentrace.configuration import SETTINGS
from gentrace.delivery.receipt import MEANINGS
from gentrace.paths.pipeline_run import post
from gentrace.runs import Filters, RunsApi


@pytest.fixture
def rows(root):
    """Read the rows of the table of a page that has this head; each is a list of cells."""

    def read(path, head, number=0):
        tables = (root / path).read_text("utf-8").split(f"\n{head}\n")[1:]
        assert tables, f"{path} has no table {head!r}"
        lines = tables[number].partition("\n\n")[0].splitlines()
        return [line.split(" | ") for line in lines[1:]]

    return read


def first_names(rows):
    """The names in the first cells: what is written as code, without what follows a name."""
    cells = [code for row in rows for code in re.findall("`(.+?)`", row[0])]
    return {re.sub(r"^server\.|[( ].*", "", cell) for cell in cells}


def public(owner):
    return {name for name in vars(owner) if name[0] != "_"}


def options(*words):
    command = [sys.executable, "-P", "-m", "gentrace", *words, "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own module
    return {*re.findall(r"^  (?:-\w, )?(--[\w-]+)", shown, re.MULTILINE)} - {"--help"}


def test_settings_with_a_variable_of_the_environment(rows):
    shown = {row[0]: row[1] for row in rows("docs/configuration.md", "Variable | Meaning")}
    variables = {item.environment_variable: name for name, item in SETTINGS.items()}
    del variables[None]
    for variable, name in variables.items():
        assert shown.pop(f"`{variable}`") == f"`{name}`"
        (meaning,) = [
            row[2]
            for row in rows("docs/configuration.md", "Name | Default | Meaning")
            if row[0] == f"`{name}`"
        ]
        assert meaning.endswith(f"Environment: `{variable}`.")
    assert [name for name in shown if "GENTRACE" in name] == ["`GENTRACE_DISABLED`"]


def test_reasons(rows):
    """The docstring tells which of them are drops."""
    drops, _, others = gentrace.DeliveryError.__doc__.partition("for a run that is dropped")
    table = rows("docs/delivery.md", "Reason | Meaning | Counts as dropped")
    assert first_names(table) == {*MEANINGS}
    said = {name: "yes" for name in re.findall(r"`(\w+)`", drops) if name in MEANINGS}
    said |= {name: "no" for name in re.findall(r"`(\w+)`", others) if name in MEANINGS}
    assert {row[0].strip("`"): row[2].partition(",")[0] for row in table} == said


def test_commands(rows):
    table = rows("docs/command-line.md", "Command | What it does")
    commands = [re.findall(r"^`gentrace (\w+) ?([a-z]*)", row[0])[0] for row in table]
    assert {first for first, _ in commands} == {*COMMANDS}
    assert [second for first, second in commands if first == "runs"] == [*runs.COMMANDS]


def test_options(rows):
    sent = first_names(rows("docs/command-line.md", "Option of `send` | What for"))
    assert sent == options("send") - {"--host", "--dask", "--json"}
    served = first_names(rows("docs/local-server.md", "Option | What for"))
    assert served == options("local") - {"--token"}


def test_options_of_examples(pages):
    """An option that stands behind a command is one of it."""
    texts = [path.read_text("utf-8") for path in pages if path.name != "CHANGELOG.md"]
    used = {}
    for text in texts:
        for command, rest in re.findall(r"gentrace ((?:runs )?[a-z]+)((?: [^`\s]+)*)", text):
            used.setdefault(command, set()).update(re.findall(r"(?<= )--[a-z][a-z-]*", rest))
    for command, found in used.items():
        if found:
            assert found <= options(*command.split()) | {"--help"}, command


@pytest.mark.parametrize(
    ("path", "before", "after", "function"),
    [
        ("docs/command-line.md", "Its keywords", "are called", send_lines),
        (
            "docs/local-server.md",
            "on a free loopback port, with",
            "as keywords",
            gentrace.local.serve,
        ),
    ],
)
def test_keywords(root, path, before, after, function):
    sentence = (root / path).read_text("utf-8").partition(before)[2].partition(after)[0]
    parameters = inspect.signature(function).parameters.values()
    keywords = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert {*re.findall(r"`(\w+)`", sentence)} - {"send"} == keywords


def test_paths_of_the_local_server(root):
    text = (root / "docs" / "local-server.md").read_text("utf-8")
    document = json.loads((root / "gentrace" / "local" / "openapi.json").read_text("utf-8"))
    shown = {*re.findall(r"`(?:GET|DELETE) (/.+?)`", text)}
    assert shown == {*document["paths"]}


def test_extras(rows, root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    extras = first_names(rows("README.md", "Extra | What for"))
    assert extras == {*project["optional-dependencies"]}


@pytest.mark.parametrize(
    ("path", "head", "number", "owner"),
    [
        ("docs/recorder.md", "Name | Meaning", 0, gentrace.Pipeline),
        ("docs/recorder.md", "Name | Meaning", 1, gentrace.PipelineRun),
        ("docs/local-server.md", "Method | What it does", 0, RunsApi),
    ],
)
def test_members(rows, path, head, number, owner):
    assert first_names(rows(path, head, number)) == public(owner) - {"name"}


def test_members_that_have_others_for_the_package_beside_them(rows):
    with gentrace.testing.serve() as server:
        for path, owner in [
            ("docs/delivery.md", gentrace.Delivery),
            ("docs/how-to/testing.md", server),
        ]:
            for name in first_names(rows(path, "Name | Meaning")):
                assert hasattr(owner, name), f"{path}: {name}"


def test_filters(rows):
    assert first_names(rows("docs/local-server.md", "Filter | Which runs")) == {
        *Filters.__annotations__
    }


def test_answers_of_the_operation(rows):
    """The page of the API, whose text is the contract's, has the answers that are declared."""
    page = "docs/apis/tags/IngestionApi.md"
    table = rows(page, "Code | Class | Description")[1:]
    assert [(int(row[0]), row[2]) for row in table] == [
        (status, answer.description) for status, answer in post.operation.responses.items()
    ]
