"""Bad arguments: the error names the option as it was typed, the value and the remedy."""

import pytest

NOWHERE = "http://127.0.0.1:1/api/v1"


@pytest.fixture
def mistake(command, tmp_path, monkeypatch):
    """Carry out a command that is refused, beside a file and a directory; gives its error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GENTRACE_HOST", NOWHERE)
    (tmp_path / "runs.jsonl").write_text('{"name": "a", "stepRuns": []}\n')
    (tmp_path / "folder").mkdir()

    def run(words):
        code, output, errors = command(*words)
        assert (code, output) == (2, "")
        return errors.splitlines()[-1]

    return run


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("check", ""), "FILE: expected the name of a file, got an empty one"),
        (("check", "folder"), "FILE: expected the name of a file, got the directory 'folder'"),
        (("send", "folder"), "FILE: expected the name of a file, got the directory 'folder'"),
        (
            ("send", "runs.jsonl", "--key", ""),
            "--key: expected the name of a property, got an empty one",
        ),
        (
            ("send", "runs.jsonl", "--state", ""),
            "--state: expected the name of a file, got an empty one",
        ),
        (
            ("send", "runs.jsonl", "--rejects", "folder"),
            "--rejects: expected the name of a file, got the directory 'folder'",
        ),
        (
            ("send", "runs.jsonl", "--dask", ""),
            "--dask: expected an address, such as tcp://127.0.0.1:8786, got an empty one",
        ),
        (
            ("runs", "export", "--output", "folder"),
            "--output: expected the name of a file, got the directory 'folder'",
        ),
        (("runs", "show", ""), "ID: expected the id of a run, got an empty one"),
        (("runs", "delete", "a", ""), "ID: expected the id of a run, got an empty one"),
        (("spool", ""), "DIRECTORY: expected the name of a directory, got an empty one"),
        (("doctor", "--spool", ""), "--spool: expected the name of a directory, got an empty one"),
    ],
)
def test_an_empty_name_or_a_directory_in_place_of_a_file(mistake, words, error):
    assert mistake(words).endswith(f": error: argument {error}")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("send", "runs.jsonl", "--parallel", "-1"),
            "--parallel: expected a whole number above 0, got int -1",
        ),
        (
            ("send", "runs.jsonl", "--rate", "nan"),
            "--rate: expected runs a second, above 0, or None, got float nan",
        ),
        (
            ("send", "runs.jsonl", "--rejects", "none/file"),
            "--rejects: none/file: No such file or directory",
        ),
        (
            ("runs", "list", "--since", "x"),
            (
                "--since: expected an RFC 3339 date and time, such as 2023-05-04T09:30:00Z, "
                "got str 'x'"
            ),
        ),
        (
            ("runs", "export", "--until", "2023-05-04"),
            (
                "--until: expected an RFC 3339 date and time, such as 2023-05-04T09:30:00Z, "
                "got str '2023-05-04'"
            ),
        ),
        (
            ("runs", "list", "--min-duration", "-1"),
            (
                "--min-duration: expected a number of milliseconds from 0, such as 1250.5, "
                "got float -1.0"
            ),
        ),
        (
            ("runs", "list", "--min-duration", "inf"),
            (
                "--min-duration: expected a number of milliseconds from 0, such as 1250.5, "
                "got float inf"
            ),
        ),
    ],
)
def test_a_value_that_cannot_be(mistake, words, error):
    assert mistake(words) == f"gentrace {words[0]}: {error}"


@pytest.mark.parametrize(
    "words", [("send", "runs.jsonl"), ("runs", "list"), ("runs", "delete", "a")]
)
@pytest.mark.parametrize("host", ["", "127.0.0.1:8371"])
def test_a_host_that_is_none(mistake, words, host):
    expected = f"gentrace {words[0]}: --host: expected http:// or https:// with a host, got "
    assert mistake([*words, "--host", host]).startswith(expected)


def test_an_address_that_dask_does_not_take(mistake):
    pytest.importorskip("distributed", reason="Dask is not installed")
    error = mistake(["send", "runs.jsonl", "--dask", "nowhere"])
    assert error.startswith("gentrace send: --dask: expected an address, such as tcp://127.0.0.1:8")
    assert "'nowhere'" in error
