"""`gentrace send --dask`: files that a cluster reads and sends."""

import gzip
import json
import os
import signal
import sys
import time

import pytest
from distributed import default_client

from gentrace import backfill
from gentrace.backfill.lines import Line
from gentrace.cli import main, send_dask


@pytest.fixture
def command(capsys, server, cluster):
    """Send by the cluster to the server; gives exit code, output and errors."""

    def run(*words):
        where = ("--host", server.url, "--dask", cluster.scheduler_address)
        code = main(["send", *map(str, words), *where])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def files(tmp_path):
    """Two files of ten lines, one of them packed."""
    for part, opened in (("a.jsonl", open), ("b.jsonl.gz", gzip.open)):
        with opened(tmp_path / part, "wt") as file:
            for number in range(10):
                file.write(json.dumps({"name": f"{part} {number}", "stepRuns": []}) + "\n")
    return tmp_path


def test_files_are_sent_by_patterns(command, server, files, monkeypatch):
    """However small their partitions are."""
    monkeypatch.setattr(send_dask, "PARTITION", 100)
    code, output, errors = command(files / "*.jsonl", files / "*.gz", "--json")
    assert (code, errors) == (0, "")
    assert json.loads(output)["sent"] == 20
    assert len(server.runs) == 20


def test_refused_lines_are_told_and_may_go_to_a_file(command, files):
    """By their file, and their number in its partition."""
    (files / "a.jsonl").write_text("\n[]\n")
    with gzip.open(files / "b.jsonl.gz", "at") as file:
        file.write("7\n")
    code, output, errors = command(files / "a.jsonl")
    assert (code, output) == (1, "1 lines, 0 sent, 0 duplicates, 0 skipped, 1 rejected\n")
    assert f"{files / 'a.jsonl'}:2: expected an object that is a pipeline run" in errors
    assert command(files / "*.jsonl", files / "*.gz", "--rejects", files / "bad")[0] == 1
    rejects = [json.loads(line) for line in (files / "bad").read_text().splitlines()]
    assert {(each["file"], each["line"], each["content"]) for each in rejects} == {
        (str(files / "a.jsonl"), 2, "[]"),
        (str(files / "b.jsonl.gz"), 11, "7"),
    }


def test_rejects_overwrite_no_file_that_a_pattern_means(capsys, files):
    words = ["send", str(files / "*.jsonl"), "--dask", "tcp://127.0.0.1:1", "--rejects"]
    with pytest.raises(SystemExit) as end:
        main([*words, str(files / "a.jsonl")])
    assert end.value.code == 2
    assert "would overwrite" in capsys.readouterr().err
    assert len((files / "a.jsonl").read_text().splitlines()) == 10


def test_a_line_that_is_not_utf_8_is_refused_by_itself(command, files):
    plain = files / "a.jsonl"
    plain.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes() + b'{"name": "\xff", "stepRuns": []}\n')
    code, output, errors = command(plain, "--json")
    assert (code, json.loads(output)["sent"]) == (1, 10)
    assert "expected JSON in UTF-8" in errors


def test_a_file_that_is_not_there_is_one_line(command, files):
    code, output, errors = command(files / "missing.jsonl")
    assert (code, output) == (2, "")
    assert errors.startswith("gentrace send: ")
    assert "missing.jsonl" in errors


def test_workers_that_die_again_and_again_are_one_line(command, files, monkeypatch):
    def die(_bag, *_, **__):
        return _bag.map_partitions(lambda _: os.kill(os.getpid(), signal.SIGKILL)).compute()

    monkeypatch.setattr(send_dask, "send_bag", die)
    code, output, errors = command(files / "a.jsonl")
    assert (code, output) == (2, "")
    assert "workers died again and again" in errors


def test_a_cluster_that_cancels_the_work_is_one_line(command, cluster, files, monkeypatch):
    """As one that is restarted, or whose scheduler ends."""

    def cancel(*_, **__):
        future = default_client().submit(time.sleep, 0.1, pure=False)
        future.cancel()
        return future.result()

    monkeypatch.setattr(send_dask, "send_bag", cancel)
    code, output, errors = command(files / "a.jsonl")
    assert (code, output) == (2, "")
    assert errors.startswith(f"gentrace send: {cluster.scheduler_address}: the cluster has ")


def test_settings_of_one_machine_do_not_go_with_a_cluster(command, capsys):
    with pytest.raises(SystemExit, match="2"):
        command("runs.jsonl", "--rate", "5")
    assert "--state and --rate are of one machine" in capsys.readouterr().err


def test_a_missing_package_is_named(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, output, errors = command("runs.jsonl")
    assert (code, output) == (2, "")
    assert "--dask needs distributed, which is not installed" in errors


def test_the_function_is_public():
    assert "send_bag" in backfill.__all__


def test_lines_of_a_partition_are_numbered_and_blank_ones_are_none():
    partition = [("a\n", "one.jsonl"), (" \n", "one.jsonl"), ("\udcff\n", "one.jsonl")]
    assert list(send_dask.name_lines(partition)) == [
        Line("one.jsonl", 1, b"a"),
        Line("one.jsonl", 3, b"\xff"),
    ]
