"""What the files of the viewer hold, and what they must not, without a browser."""

import re
from pathlib import Path

import pytest

import gentrace

VIEWER = Path(gentrace.__file__).parent / "local" / "viewer"
PAGE = VIEWER / "index.html"
ASSETS = VIEWER / "assets"
FILES = sorted(path for path in VIEWER.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
STYLES = [path for path in FILES if path.suffix == ".css"]
MOST_LINES = 400
# What would turn a text into markup, code, or a style that the policy of the page forbids.
FORBIDDEN = [
    r"innerHTML",
    r"outerHTML",
    r"insertAdjacentHTML",
    r"createContextualFragment",
    r"DOMParser",
    r"document\.write",
    r"\beval\b",
    r"\bFunction\(",
    r"setTimeout\([\"'`]",
    r"srcdoc",
    r"javascript:",
    r"\blocal(Storage)?\.setItem\((?!KEY, theme)",
]
# The name of a namespace, which nobody fetches.
NAMESPACE = "http://www.w3.org/2000/svg"


def imports(path):
    return re.findall(r'from "\./([\w.]+)"', path.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_short_text_that_refers_to_no_other_place(path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < MOST_LINES
    assert not re.search(r"(https?:)?//[\w.]+\.\w", text.replace(NAMESPACE, ""))
    assert not re.search(r"@import|url\(", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_makes_no_markup_and_no_code_of_text(path):
    text = path.read_text()
    assert [pattern for pattern in FORBIDDEN if re.search(pattern, text)] == []
    assert text.startswith("// ")


def test_the_page_has_no_script_style_or_handler_of_its_own():
    text = PAGE.read_text()
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL) == [""]
    assert "<style" not in text
    assert not re.search(r"\s(style|on\w+)=", text)


def test_no_script_sets_a_style_by_an_attribute():
    for path in SCRIPTS:
        assert not re.search(r"\bstyle:|setAttribute\(\"style", path.read_text()), path


def test_what_is_referred_to_is_there_and_what_is_there_is_referred_to():
    named = set(re.findall(r'(?:href|src)="assets/([\w.]+)"', PAGE.read_text()))
    reached = set(named)
    ahead = [name for name in named if name.endswith(".js")]
    while ahead:
        for name in imports(ASSETS / ahead.pop()):
            if name not in reached:
                reached.add(name)
                ahead.append(name)
    assert reached == {path.name for path in ASSETS.iterdir()}


def test_scripts_import_in_no_circle_and_only_what_is_exported():
    done = set()

    def visit(path, above):
        assert path not in above, [each.name for each in (*above, path)]
        if path not in done:
            for name in imports(path):
                visit(ASSETS / name, (*above, path))
            done.add(path)

    visit(ASSETS / "main.js", ())
    for path in SCRIPTS:
        for names, source in re.findall(r'import \{([^}]*)\} from "\./([\w.]+)"', path.read_text()):
            exported = re.findall(
                r"export (?:async )?(?:function|class|const) (\w+)", (ASSETS / source).read_text()
            )
            wanted = {name.strip() for name in names.split(",") if name.strip()}
            assert wanted <= set(exported), path.name


def test_each_imported_name_is_used():
    for path in SCRIPTS:
        text = path.read_text()
        for names in re.findall(r"import \{([^}]*)\} from", text):
            for name in filter(None, map(str.strip, names.split(","))):
                assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{name} in {path.name}"


def test_colours_are_named_in_one_file():
    for path in STYLES:
        colours = re.findall(r"#[0-9a-f]{3,8}\b", path.read_text())
        assert path.name in ("colours.css", "values.css") or colours == [], path.name
