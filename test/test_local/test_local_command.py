"""`python -m gentrace.local`, as a process."""

import errno
import os
import re
import signal
import socket
import tomllib
from types import SimpleNamespace

import pytest

from gentrace.local import Settings
from gentrace.local.__main__ import main

SESAME = "s3cret"
IN_USE = os.strerror(errno.EADDRINUSE)
WITHOUT = """
import runpy, sys
sys.modules["{}"] = None
runpy.run_module("gentrace.local", run_name="__main__", alter_sys=True)
"""
CHEAP = """
import sys
import gentrace.local
assert not {"uvicorn", "starlette", "jsonschema"} & sys.modules.keys()
assert gentrace.local.serve is gentrace.local.server.serve
names = ("_version", "clock", "directories", "process", "tracebacks")
small = [f"gentrace.{name}" for name in names]
sdk = {name for name in sys.modules if name.startswith("gentrace.")}
assert not [name for name in sdk if not name.startswith(("gentrace.local", *small))], sdk
try:
    gentrace.local.nothing
except AttributeError as error:
    print(error)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_says_where_it_is_and_ends_cleanly(start, connect, tmp_path, number):
    before = signal.signal(number, signal.SIG_DFL)  # a program that ignores it hands that down
    process, url = start("--database", "mine.sqlite3")
    signal.signal(number, before)
    first, second = process.announced
    assert re.fullmatch(r"gentrace\.local listens on http://127\.0\.0\.1:\d+/api/v1\n", first)
    assert second == f"gentrace.local stores in {tmp_path / 'mine.sqlite3'}\n"
    run_id = connect(url).post().json["pipelineRunId"]
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")
    stored = f"stored run {run_id}: name 'answer-question', 1 steps, 64 bytes, duration 1250 ms"
    assert re.fullmatch(rf".* INFO gentrace\.local: {re.escape(stored)}\n", errors)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.sqlite3"]


def test_characters_of_the_database_that_the_terminal_lacks_are_escaped(start, connect):
    process, url = start("--database", "ärger\udcff.sqlite3", PYTHONIOENCODING="ascii")
    assert process.announced[1].endswith("\\xe4rger\\udcff.sqlite3\n")
    assert connect(url).post().status == 200


def test_it_serves_without_a_standard_output(monkeypatch):
    """As of a service, or after `>&-`."""
    monkeypatch.setattr("sys.stdout", None)
    server = SimpleNamespace(url="http://127.0.0.1:1/api/v1", database="a.sqlite3")
    monkeypatch.setattr("gentrace.local.run", lambda _, announce: announce(server))
    assert main([]) == 0


def test_it_stores_in_the_working_directory_unless_it_is_told_otherwise(start, tmp_path):
    process, _ = start()
    assert process.announced[1].endswith(f" {tmp_path / 'gentrace.sqlite3'}\n")


def test_a_run_is_there_after_the_server_was_killed_right_after_its_answer(start, connect):
    ids = []
    for _ in range(3):
        process, url = start()
        ids.append(connect(url).post().json["pipelineRunId"])
        process.kill()
        process.communicate()
    _, url = start()
    assert [run["pipelineRunId"] for run in connect(url).runs()] == ids[::-1]


def test_ctrl_c_before_it_listens_ends_it_cleanly(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gentrace.local.run", interrupted)
    assert main([]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_taken_port_is_one_line(finish, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output, errors = finish("--port", str(port))
    assert (code, output) == (2, "")
    assert errors == f"gentrace.local: cannot listen on 127.0.0.1:{port}: {IN_USE}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_one_line(finish, tmp_path):
    tmp_path.joinpath("file").touch()
    code, output, errors = finish("--port", "0", "--database", "file/runs.sqlite3")
    assert (code, output) == (2, "")
    path = tmp_path / "file" / "runs.sqlite3"
    words = f"{path.parent} is not a directory"
    assert errors == f"gentrace.local: cannot store in {path}: {words}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--database", "."], "cannot store in .*: it is a directory"),
        (["--host", "0.0.0.0"], "without a token it listens on loopback, not on '0.0.0.0'"),  # noqa: S104
        (["--host", ""], "without a token it listens on loopback, not on ''"),
        (["--host", "é..x"], r"the host must be the name of one, not 'é\.\.x'"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:0: "),
        (["--token", ""], "the token must be"),
        (["--port", "-1"], "the port must be from 0 to 65535, not -1"),
        (["--max-body", "0"], "the largest body must be"),
        (["--allowed-host", "a:b"], "an allowed host is"),
        (["--keep", "0d"], "the time to keep runs must be above 0 seconds, not 0.0"),
        (["--max-runs", "0"], "the number of runs to keep must be above 0, not 0"),
    ],
)
def test_what_cannot_be_is_one_line(capsys, monkeypatch, arguments, words):
    # Were it to start after all, it would serve for ever.
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: pytest.fail("it serves"))
    assert main(["--port", "0", *arguments]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert re.match(f"gentrace.local: {words}", errors)
    assert errors.count("\n") == 1


def test_the_token_is_taken_from_the_environment_and_never_shown(start, connect):
    process, url = start(GENTRACE_LOCAL_TOKEN=SESAME)
    client = connect(url)
    assert client.get(Authorization="Bearer guess").status == 401
    assert client.ask("GET", "/api/v1/s3cret?token=s3cret").status == 401
    assert client.get(Authorization="Bearer s3cret").status == 200
    assert client.ask("BREW", "/s3cret", headers={"Authorization": "Bearer s3cret"}).status == 404
    process.terminate()
    _, errors = process.communicate(timeout=30)
    shown = "".join(process.announced) + errors
    assert errors.count("that is not this server's token") == 1
    assert errors.count("no token was sent") == 1
    assert "s3cret" not in shown
    assert "guess" not in shown


def test_an_empty_variable_is_no_token(start, connect):
    _, url = start(GENTRACE_LOCAL_TOKEN="")
    assert connect(url).get().status == 200


def test_beyond_loopback_it_serves_with_a_token_and_by_the_names_it_was_told(start, connect):
    _, url = start("--host", "0.0.0.0", "--token", "t", "--allowed-host", "box:99")  # noqa: S104
    assert url.startswith("http://127.0.0.1:")
    client = connect(url)
    for host, status in [
        (f"10.1.2.3:{client.port}", 200),
        ("box:99", 200),
        (f"box:{client.port}", 421),
        (f"evil.example:{client.port}", 421),
    ]:
        assert client.get(Authorization="Bearer t", Host=host).status == status


def test_an_allowed_host_without_a_port_is_allowed_with_any(start, connect):
    """A reverse proxy passes on the Host of the browser, which has another port or none."""
    _, url = start("--allowed-host", "Runs.example")
    client = connect(url)
    for host, status in [
        ("runs.example", 200),
        ("runs.example:8443", 200),
        ("evil.runs.example", 421),
        ("localhost:1", 421),
    ]:
        assert client.get(Host=host).status == status


def test_without_its_extra_it_says_how_to_get_it(finish, root):
    """By the names of the packages: that of this one brings another from PyPI."""
    code, output, errors = finish(code=WITHOUT.format("uvicorn"))
    assert (code, output) == (2, "")
    with (root / "pyproject.toml").open("rb") as file:
        extra = tomllib.load(file)["project"]["optional-dependencies"]["local"]
    names = " ".join(requirement.partition(">=")[0] for requirement in extra)
    assert errors == (
        "gentrace.local: gentrace.local needs uvicorn, which is not installed:"
        f" pip install {names}\n"
    )


def test_in_a_python_without_a_part_of_its_library_it_advises_no_package(finish):
    """Such as one that was built where SQLite was missing."""
    said = "gentrace.local: gentrace.local needs {}, without which this Python was built\n"
    for module in ("sqlite3", "zlib"):
        assert finish(code=WITHOUT.format(module)) == (2, "", said.format(module))


def test_importing_it_loads_nothing_until_it_is_used_and_never_the_checks_of_the_sdk(finish):
    code, output, errors = finish(code=CHEAP)
    assert (code, errors) == (0, "")
    assert output == "module 'gentrace.local' has no attribute 'nothing'\n"


def test_its_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    output = capsys.readouterr().out
    assert set(re.findall(r"^  (--[a-z-]+)", output, re.MULTILINE)) == {
        "--host", "--port", "--database", "--token", "--max-body", "--timeout", "--allowed-host",
        "--keep", "--max-runs",
    }  # fmt: skip
    assert output.startswith("usage: gentrace local ")
    assert re.findall(r"\((\S+)\)", output) == [
        "127.0.0.1", "8371", "gentrace.sqlite3", "67108864", "60",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("age", "seconds"), [("45s", 45), ("90m", 5_400), ("12h", 43_200), ("30d", 2_592_000)]
)
def test_each_option_is_a_setting_of_the_server(monkeypatch, age, seconds):
    started = []
    monkeypatch.setattr("gentrace.local.run", lambda settings, _: started.append(settings))
    arguments = (
        "--host ::1 --port 80 --database a.db --token t --max-body 9 --timeout 1.5 --max-runs 3"
        f" --allowed-host b --allowed-host c:1 --keep {age}"
    )
    assert main(arguments.split()) == 0
    assert started == [
        Settings(
            host="::1",
            port=80,
            database="a.db",
            token="t",  # noqa: S106 - no secret
            max_body=9,
            timeout=1.5,
            allowed_hosts=["b", "c:1"],
            keep=seconds,
            max_runs=3,
        )
    ]


@pytest.mark.parametrize("age", ["30", "1y", "-1d", "1.5h", ""])
def test_an_age_is_a_number_and_its_unit(capsys, age):
    with pytest.raises(SystemExit, match="2"):
        main([f"--keep={age}"])
    assert "--keep: expected a number and s, m, h or d, got " in capsys.readouterr().err


def test_a_token_in_the_environment_is_not_in_the_help(capsys, monkeypatch):
    monkeypatch.setenv("GENTRACE_LOCAL_TOKEN", SESAME)
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "s3cret" not in capsys.readouterr().out
