"""`gentrace check`."""

import json
from pathlib import Path

import pytest

from gentrace.backfill import lines

GOOD = '{"name": "a", "stepRuns": [], "more": {"x": 1}}'
PYTHON_NAMES = '{"name": "a", "step_runs": [{"elapsed_time": 1}]}'
WRONG = '{"name": "a", "stepRuns": [{"elapsedTime": "12"}]}'


def test_files_of_runs_are_well(command, file):
    one, two = file([GOOD, "", "  ", PYTHON_NAMES, ""]), file([GOOD], "more.jsonl.gz")
    assert command("check", one, two) == (0, "3 lines: 3 valid runs, 0 invalid\n", "")


@pytest.mark.parametrize("name", ["runs.jsonl", "runs.jsonl.gz"])
def test_each_line_that_is_no_run_is_named_with_place_and_remedy(command, file, name):
    path = file([GOOD, "", WRONG, "[1]", "nope", '{"stepRuns": []}', GOOD], name)
    code, output, errors = command("check", path)
    assert (code, errors) == (1, "")
    assert output.splitlines() == [
        f"{path}:3: expected an integer, got str '12' at $.stepRuns[0].elapsedTime",
        f"{path}:4: expected an object that is a pipeline run, got list [1]",
        f"{path}:5: expected JSON in UTF-8: Expecting value: line 1 column 1 (char 0)",
        f"{path}:6: missing the required property 'name' at $",
        "6 lines: 2 valid runs, 4 invalid",
    ]


def test_findings_are_objects_for_a_program(report, file):
    path = file([WRONG, "[]", GOOD])
    code, values = report("check", path)
    assert code == 1
    assert values == [
        {
            "file": str(path),
            "line": 1,
            "at": "$.stepRuns[0].elapsedTime",
            "error": "expected an integer, got str '12'",
        },
        {
            "file": str(path),
            "line": 2,
            "at": None,
            "error": "expected an object that is a pipeline run, got list []",
        },
        {"lines": 3, "runs": 1, "flaws": 2},
    ]


@pytest.mark.filterwarnings("default")
def test_a_name_that_is_nearly_one_of_the_document_is_said_with_its_place(command, file):
    near = '{"name": "a", "stepRuns": [{"elapsed_tme": 1}]}'
    path = file([GOOD, near, GOOD])
    code, output, errors = command("check", path)
    assert (code, output) == (0, "3 lines: 3 valid runs, 0 invalid\n")
    assert errors.startswith(f"{path}:2: warning: StepRun has no property 'elapsed_tme'")
    assert errors.count("\n") == 1


def test_standard_input_is_a_file_too(finish):
    code, output, errors = finish("check", "-", given=f"{GOOD}\n[]\n")
    assert (code, errors) == (1, "")
    assert output.splitlines()[0] == "-:2: expected an object that is a pipeline run, got list []"


def test_a_byte_order_mark_is_no_flaw(command, file):
    assert command("check", file(["\ufeff" + GOOD]))[0] == 0


def test_a_line_that_is_not_utf8_is_named(command, tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_bytes(GOOD.encode() + b"\n{\xff\n")
    code, output, _ = command("check", path)
    assert code == 1
    assert f"{path}:2: expected JSON in UTF-8: " in output


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_line_longer_than_a_server_takes_is_named_and_passed_over(
    command, file, monkeypatch, mark
):
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    monkeypatch.setattr(lines, "CHUNK_SIZE", 100)
    path = file([mark + json.dumps({"name": "x" * 5000, "stepRuns": []}), WRONG, GOOD])
    code, output, _ = command("check", path)
    assert code == 1
    long, wrong, totals = output.splitlines()
    assert long.startswith(f"{path}:1: expected a line of at most ")
    assert wrong.startswith(f"{path}:2: expected an integer")
    assert totals == "3 lines: 1 valid runs, 2 invalid"


def test_a_line_at_the_bound_is_read_whole(command, file, monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", len(GOOD))
    assert command("check", file([GOOD, GOOD]))[0] == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-9],
        lambda data: data + b"no gzip",
        lambda _: b"\x1f\x8b\x08" + bytes(7) + b"\x07",  # a block of no known type
    ],
)
def test_a_damaged_gzip_file_is_a_mistake_that_names_it(command, file, damage):
    path = file([GOOD], "runs.jsonl.gz")
    path.write_bytes(damage(path.read_bytes()))
    code, _, errors = command("check", path)
    assert code == 2
    assert errors.startswith(f"gentrace check: {path}: the gzip file is damaged: ")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no file that cannot be read")
def test_a_file_of_which_a_read_fails_is_a_mistake_that_names_it(command):
    code, _, errors = command("check", "/proc/self/mem")
    assert code == 2
    assert errors == "gentrace check: /proc/self/mem: cannot be read: Input/output error\n"


def test_a_folder_is_a_mistake_that_names_it(command, tmp_path):
    code, output, errors = command("check", tmp_path)
    assert (code, output) == (2, "")
    assert f"got the directory {str(tmp_path)!r}" in errors


def test_what_the_output_cannot_carry_is_escaped(finish):
    line = '{"name": "a", "stepRuns": [{"startTime": "\u00e9"}]}'
    code, output, errors = finish("check", "-", given=line, PYTHONIOENCODING="ascii")
    assert (code, errors) == (1, "")
    assert "got str '\\xe9' at $.stepRuns[0].startTime" in output
