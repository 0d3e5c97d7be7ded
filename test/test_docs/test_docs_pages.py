"""What the pages say is what the code does."""

import ast
import hashlib
import html
import inspect
import re
from pathlib import Path

import pytest
from support.document_facts import operations_of

import gentrace
import gentrace.paths
import gentrace.testing
from gentrace import exceptions, models
from gentrace.apis.tag_to_api import tag_to_api
from gentrace.apis.tags import TagValues

CONTRACT = "25e878c15778ffc1731ceb328c2e54292c79fff307ff3bdd331947f671723d3b"


def _rows(text, heading):
    """The rows of the table under a heading, as lists of cells."""
    section = text.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    table = [line.split(" | ") for line in section.splitlines() if " | " in line]
    return table[2:]


def test_tables_are_those_of_the_code(generate, root, monkeypatch):
    """Models, settings, exceptions and the text of every mistake."""
    monkeypatch.chdir(root)
    stale = [
        page.name
        for page, render in generate.PAGES.items()
        if render(page.read_text("utf-8")) != page.read_text("utf-8")
    ]
    assert stale == [], "run python docs/generate.py"


def test_every_model_has_a_page(root):
    assert {page.stem for page in (root / "docs" / "models").iterdir()} == {*models.__all__}


def test_api_page_is_the_contract(root):
    """Word for word, up to what the SDK adds, but for three anchors that its own links ask for."""
    page = (root / "docs" / "apis" / "tags" / "IngestionApi.md").read_text("utf-8")
    contract, _, added = page.partition("\n## Beyond the contract\n")
    contract = re.sub(r'<a name="pipeline_run_post\.ApiResponseFor\d+"></a>\n', "", contract)
    assert hashlib.sha256(contract.encode()).hexdigest() == CONTRACT
    assert added


def test_api_page_lists_all_parameters(root):
    page = (root / "docs" / "apis" / "tags" / "IngestionApi.md").read_text("utf-8")
    rows = _rows(page, "### Parameters") + _rows(page, "### One more parameter")
    parameters = inspect.signature(tag_to_api[TagValues.INGESTION].pipeline_run_post).parameters
    assert [row[0] for row in rows] == [name for name in parameters if name != "self"]
    for row in rows:
        _, said, default = html.unescape(row[2]).partition("default is ")
        assert parameters[row[0]].default == (
            ast.literal_eval(default) if said else inspect.Parameter.empty
        )


def test_readme_lists_models_and_operations(root):
    readme = (root / "README.md").read_text("utf-8")
    assert re.findall(r"\(docs/models/(\w+)\.md\)", readme) == models.__all__
    rows = _rows(readme, "## Documentation for API Endpoints")
    assert [tuple(row) for row in rows] == [
        (
            f"[{api}](docs/apis/tags/{api}.md)",
            f"[**{each.name}**](docs/apis/tags/{api}.md#{each.name})",
            f"**{each.method.lower()}** {each.path}",
            each.summary,
        )
        for each in operations_of(gentrace.paths)
        for api in [tag_to_api[TagValues(each.tag)].__name__]
    ]


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("delivery.md", gentrace.Delivery),
        ("recorder.md", gentrace.Pipeline),
        ("recorder.md", gentrace.PipelineRun),
        ("how-to/testing.md", gentrace.testing.Server),
    ],
)
def test_tables_show_the_parameters_of_methods(root, name, owner):
    """Each method that a table shows with its parameters has these, with these defaults."""
    text = (root / "docs" / name).read_text("utf-8")
    found = re.findall(r"^`(?:server\.)?(\w+)\((.*?)\)` \| ", text, re.MULTILINE)
    shown = {method: given for method, given in found if hasattr(owner, method)}
    assert {method: _parameters(f"def f({given}): 0") for method, given in shown.items()} == {
        method: _signature(getattr(owner, method)) for method in shown
    }
    assert shown


def test_delivery_page_shows_the_arguments_of_a_delivery(root):
    page = (root / "docs" / "delivery.md").read_text("utf-8")
    rows = [row for row in _rows(page, "## Delivery") if len(row) == 3]
    units = {"MiB": 2**20, "GiB": 2**30, "days": 86400}
    shown = {}
    for name, default, _ in rows:
        number, _, unit = default.strip("`").replace(",", "").partition(" ")
        value = ast.literal_eval(number)
        shown[name.strip("`")] = value * units[unit] if unit else value
    parameters = list(inspect.signature(gentrace.Delivery).parameters.values())
    assert shown == {each.name: each.default for each in parameters}


def _parameters(function):
    """The parameters of a function of source code: names, whether keyword only, defaults."""
    (defined,) = ast.parse(function).body
    names = defined.args
    first = [(each.arg, False) for each in names.args]
    defaults = [ast.literal_eval(each) for each in names.defaults]
    missing = [inspect.Parameter.empty] * (len(first) - len(defaults))
    last = [(each.arg, True) for each in names.kwonlyargs]
    defaults = [*missing, *defaults, *(ast.literal_eval(each) for each in names.kw_defaults)]
    return [(*each, default) for each, default in zip([*first, *last], defaults, strict=True)]


def _signature(function):
    """The same of a method, without `self`."""
    _, *parameters = inspect.signature(function).parameters.values()
    return [
        (each.name, each.kind is inspect.Parameter.KEYWORD_ONLY, each.default)
        for each in parameters
    ]


@pytest.mark.parametrize(
    ("heading", "error"),
    [
        ("## Attributes of ApiException", exceptions.ApiException()),
        ("## Attributes of a mistake", exceptions.ApiValueError("")),
    ],
)
def test_errors_page_lists_all_attributes(root, heading, error):
    page = (root / "docs" / "errors.md").read_text("utf-8")
    rows = _rows(page, heading)
    assert [row[0].strip("`") for row in rows] == [*vars(error)]
    parameters = inspect.signature(type(error)).parameters
    for name, kind, _ in rows:
        annotation = re.sub(r"\[.*?\]", "", parameters[name.strip("`")].annotation)
        expected = annotation.replace(" | ", " or ").replace("Mapping", "mapping")
        assert kind == expected.replace("Answer", "ApiResponse"), name


def _caller_errors():
    """Where the package raises a mistake of the caller: file, first and last line."""
    kinds = {"ApiTypeError", "ApiValueError", "ApiKeyError", "ApiAttributeError"}
    package = Path(gentrace.__file__).parent
    # The server apart, and mistakes whose texts begin with the name of a file of the reader's.
    others = {*(package / "local").rglob("*.py"), package / "backfill" / "state.py"}
    trees = {
        str(path): ast.parse(path.read_text("utf-8")) for path in {*package.rglob("*.py")} - others
    }
    nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    makers = kinds | {
        node.name
        for _, node in nodes
        if isinstance(node, ast.FunctionDef)
        and isinstance(node.returns, ast.Name)
        and node.returns.id in {*kinds, "Exception"}
    }
    return {
        (path, node.lineno, node.end_lineno)
        for path, node in nodes
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in makers
    }


def test_errors_page_has_every_mistake(generate, root, monkeypatch):
    """Each place of the package that raises a mistake of the caller raises one on the page."""
    monkeypatch.chdir(root)
    raised = set()
    for _, error in generate.mistakes((root / "docs" / "errors.md").read_text("utf-8")):
        frame = error.__traceback__
        while frame.tb_next is not None:
            frame = frame.tb_next
        raised.add((frame.tb_frame.f_code.co_filename, frame.tb_lineno))
    missing = [
        f"{Path(path).name}:{first}"
        for path, first, last in _caller_errors()
        if not any(path == file and first <= line <= last for file, line in raised)
    ]
    assert sorted(missing) == []
