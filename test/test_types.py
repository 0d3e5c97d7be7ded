"""What the type checkers say of the files in `typing`, and of the contract's example."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

CHECKERS = ("mypy", "pyright")


@pytest.fixture(scope="module")
def check(root):
    """Run a type checker; gives its messages by file and line, errors apart from what it shows."""

    def run(checker, *arguments):
        if find_spec(checker) is None:
            pytest.skip(f"{checker} is not installed")
        command = {
            "mypy": ["--no-error-summary", "--show-absolute-path", "--no-incremental"],
            "pyright": ["--outputjson", "--pythonpath", sys.executable],
        }[checker]
        done = subprocess.run(  # noqa: S603 - a checker of this environment
            [sys.executable, "-m", checker, *command, *map(str, arguments)],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout or not done.returncode, done.stderr
        return (_read_mypy if checker == "mypy" else _read_pyright)(done.stdout)

    return run


def _read_mypy(output):
    shown, errors = {}, []
    for line in output.splitlines():
        match = re.fullmatch(r'(.+?):(\d+): note: Revealed type is "(.+)"', line)
        if match:
            shown[match[1], int(match[2])] = re.sub(r"\b\w+\.(?=\w)", "", match[3])
        elif ": error: " in line:
            errors.append(line)
    return shown, errors


def _read_pyright(output):
    shown, errors = {}, []
    for item in json.loads(output)["generalDiagnostics"]:
        place = item["file"], item["range"]["start"]["line"] + 1
        if item["severity"] == "information":
            shown[place] = re.fullmatch(r'Type of ".+" is "(.+)"', item["message"], re.DOTALL)[1]
        else:
            errors.append(f"{place[0]}:{place[1]}: {item['message']}")
    return shown, errors


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_knows_what_the_comments_say_and_refuses_what_they_ignore(checker, check, root):
    """A comment that ignores an error is an error itself where there is none."""
    files = sorted((root / "test" / "typing").glob("*.py"))
    expected = {
        (str(file), number): line.rpartition("  # ")[2]
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if line.lstrip().startswith("reveal_type(")
    }
    ignored = sum(file.read_text("utf-8").count(f"{checker}: ignore") for file in files)
    assert len(files) >= 5
    assert len(expected) > 40
    assert checker == "mypy" or ignored > 20
    shown, errors = check(checker, *files)
    assert errors == []
    assert shown == expected


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_contract_example_passes(checker, check, root, tmp_path):
    """Of pyright, in its standard mode."""
    example = root / "examples" / "contract.py"
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(json.dumps({"include": [str(example)], "typeCheckingMode": "standard"}))
    arguments = {"mypy": ["--strict", "--config-file=", example], "pyright": ["-p", settings]}
    _, errors = check(checker, *arguments[checker])
    assert errors == []
