"""The rules of CONTRIBUTING.md for modules, tests included."""

import ast

import pytest


@pytest.fixture(scope="module")
def modules(root):
    """The text of each module, by its path."""
    folders = ("gentrace", "test", "docs", "examples", "benchmarks")
    paths = [path for folder in folders for path in (root / folder).rglob("*.py")]
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


def test_no_module_has_more_than_400_lines(modules):
    sizes = {path: len(text.splitlines()) for path, text in modules.items()}
    assert {path: size for path, size in sizes.items() if size > 400} == {}


def test_no_module_imports_a_private_name(modules):
    found = [
        f"{path}:{node.lineno} {name.name}"
        for path, text in modules.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "gentrace"
        for name in node.names
        if name.name[0] == "_" and not name.name.endswith("__")
    ]
    assert found == []
