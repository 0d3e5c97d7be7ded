"""Each name that a page or a docstring writes as code is a name of the package."""

import ast
import builtins
import inspect
import keyword
import pkgutil
import re

import pytest

import gentrace
from gentrace.configuration import SETTINGS
from gentrace.local.__main__ import TOKEN_VARIABLE

# Names of Python, of other software, and examples.
OTHERS = {
    "--allow-hosts",
    "--allowed-hosts",
    "--block-network",
    "--collect-all",
    "--force-reinstall",
    "--include-package",
    "--no-binary",
    "--no-deps",
    "--preload",
    "AsyncOpenAI",
    "AsyncResult",
    "BatchEncoding",
    "BeartypeConf",
    "BytesIO",
    "DataLoader",
    "HTTPConnectionPool",
    "HTTP_PROXY",
    "LifoQueue",
    "ProcessPoolExecutor",
    "SimpleQueue",
    "SocketBlockedError",
    "StreamingResponse",
    "ThreadPoolExecutor",
    "TypeName",
    "aclosing",
    "after_serving",
    "asdict",
    "atexit",
    "authenticate",
    "authentication",
    "beartype_all",
    "claw_skip_package_names",
    "complete",
    "credential",
    "difflib",
    "enable_network",
    "fault_matrix",
    "forkserver",
    "gunicorn",
    "https_proxy",
    "ignore_localhost",
    "inject_into_urllib3",
    "on_shutdown",
    "pprint",
    "preload_app",
    "process_shutdown",
    "run_sync",
    "spawn",
    "thread_inherit_context",
    "threading",
    "toDict",
    "traceparent",
    "undo",
    "use_cassette",
    "vcr_config",
}


def _names_of(tree):
    """What a module defines, takes and holds as text, but for docstrings and names elsewhere."""
    nodes = {*ast.walk(tree)}
    nodes -= {node.value for node in nodes if isinstance(node, ast.Expr)}
    nodes -= {
        node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "other_names"
    }
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.keyword(arg=str(name)) | ast.Attribute(attr=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Constant(value=str(text)):
                yield from re.findall(r"--[\w-]+|\w+", text)


@pytest.fixture(scope="session")
def known(root):
    modules = list((root / "gentrace").rglob("*.py"))
    named = {name for module in modules for name in _names_of(ast.parse(module.read_text("utf-8")))}
    named |= {module.stem for module in modules}
    return named | OTHERS | {*dir(builtins), *keyword.kwlist}


def _spans(text):
    """The spans of code in a text; what a page quotes of errors is generated."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text.partition("\n## Mistakes\n")[0])


def _names(span):
    """The names in a span: options, what is called, joined or capitalized inside, or all of it."""
    yield from re.findall(r"(?<!\S)--[a-z][\w-]*", span)
    yield from re.findall(r"\b[A-Za-z]+(?:_\w+|[a-z][A-Z]\w*)|\b\w+(?=\()", span)
    if re.fullmatch(r"[a-z]+", span):
        yield span


def _unknown(text, known):
    return [
        f"`{span}`: the package has no {name}, and OTHERS does not list it"
        for span in _spans(text)
        for name in _names(span)
        if name not in known
    ]


def test_names_of_a_page_are_those_of_the_package(page, known):
    if page.name == "CHANGELOG.md":
        return
    unknown = _unknown(page.read_text("utf-8"), known)
    assert not unknown, "\n" + "\n".join(unknown)


def test_names_in_docstrings_are_those_of_the_package(root, known):
    unknown = [
        f"{module.relative_to(root)}:{node.lineno} {each}"
        for module in (root / "gentrace").rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for each in _unknown(str(node.value.value), known)
    ]
    assert not unknown, "\n" + "\n".join(unknown)


def _paths(span):
    """The names with dots in a span that begin with `gentrace`, or with a class that it exports."""
    for path in re.findall(r"(?<![\w./-])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", span):
        first = path.partition(".")[0]
        if first == "gentrace" and path != "gentrace.sqlite3":
            yield path
        elif (first in gentrace.__all__ and first[0].isupper()) or first == "schemas":
            yield f"gentrace.{path}"


def _exists(path):
    """Tell whether a path leads to something, or to an attribute that its class takes by name."""
    owner, _, name = path.rpartition(".")
    found = pkgutil.resolve_name(owner)
    return hasattr(found, name) or (
        inspect.isclass(found) and name in inspect.signature(found).parameters
    )


def _calls(span):
    """The calls in a span of what `gentrace` has, each with its keywords."""
    try:
        tree = ast.parse(span, mode="eval")
    except SyntaxError:  # no Python
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            path = ast.unparse(node.func).removeprefix("gentrace.")
            is_dotted = f"gentrace.{path}" in span and re.fullmatch(r"[\w.]+", path)
            if path in gentrace.__all__ or is_dotted:
                yield f"gentrace.{path}", {each.arg for each in node.keywords}


def test_attributes_and_keywords_are_those_of_what_they_follow(page):
    if page.name == "CHANGELOG.md":
        return
    for span in _spans(page.read_text("utf-8")):
        for path in _paths(span):
            assert _exists(path), f"`{span}`: the package has no {path}"
        for path, keywords in _calls(span):
            if keywords:
                parameters = inspect.signature(pkgutil.resolve_name(path)).parameters
                unknown = keywords - {*parameters, *SETTINGS, None}
                assert not unknown, f"`{span}`: {path} takes no {unknown}"


def test_variables_of_the_environment_are_those_that_are_read(root, pages):
    """On the pages, and in the docstrings and messages of the package."""
    read = {item.environment_variable for item in SETTINGS.values()}
    read |= {"GENTRACE_DISABLED", TOKEN_VARIABLE, "GENTRACE_TEST_EFFORT"}
    texts = [*pages, root / "CONTRIBUTING.md", *(root / "gentrace").rglob("*.py")]
    found = {
        name
        for path in texts
        for name in re.findall(r"(?<!_)GENTRACE_[A-Z_]+", path.read_text("utf-8"))
    }
    assert found <= read
