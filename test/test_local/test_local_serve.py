"""The life of a server: its start, its end, and clients that would hold it up."""

import json
import logging
import select
import socket
import threading
import time
from fractions import Fraction

import pytest
import uvicorn

import gentrace.local
from gentrace.local import gate, http_server
from gentrace.local.allowed_hosts import AllowedHosts
from gentrace.local.connection import Connection
from gentrace.local.listener import listen

SESAME = "s3cret"
LARGE = {"name": "large", "stepRuns": [], "x": "x" * 16_000_000}
EXPECT = ["Content-Type: application/json", "Expect: 100-continue"]


def read_until(bare, end):
    data = b""
    while end not in data:
        piece = bare.recv(65536)
        assert piece
        data += piece
    return data


def test_a_server_is_there_for_the_block_and_its_file_is_gone_afterwards(connect):
    threads = threading.enumerate()
    with gentrace.local.serve() as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert running.url.endswith("/api/v1")
        assert connect(running.url).post().status == 200
        assert running.database.exists()
    assert not running.database.parent.exists()
    with pytest.raises(ConnectionRefusedError):
        connect(running.url).post()
    assert set(threading.enumerate()) <= set(threads)


def test_a_given_database_is_kept(tmp_path, connect):
    path = tmp_path / "runs.sqlite3"
    for stored in (0, 1):
        with gentrace.local.serve(database=path) as running:
            assert running.database == path
            client = connect(running.url)
            assert len(client.runs()) == stored
            client.post()


def test_a_block_that_raises_ends_the_server_even_with_open_connections(connect):
    def use():
        with gentrace.local.serve() as running:
            clients.append(connect(running.url))
            assert clients[0].post().status == 200
            with clients[0].raw(b"GET /healthz HT"):
                raise LookupError

    clients = []
    begun = time.monotonic()
    with pytest.raises(LookupError):
        use()
    assert time.monotonic() - begun < 10
    with pytest.raises(ConnectionRefusedError):
        connect(f"http://127.0.0.1:{clients[0].port}").post()


def test_two_servers_run_side_by_side(connect):
    with gentrace.local.serve() as one, gentrace.local.serve() as other:
        connect(one.url).post()
        assert connect(other.url).runs() == []


def test_signal_handlers_and_loggers_stay_as_they_were():
    logger = logging.getLogger("uvicorn.access")
    before = logger.level, logger.propagate, list(logger.handlers)
    with gentrace.local.serve():
        assert (logger.level, logger.propagate, list(logger.handlers)) == before


def test_a_start_that_fails_raises_in_the_caller(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="cannot store"), gentrace.local.serve(database=tmp_path):
        pass

    async def fail(*_args, **_kwargs):
        raise RuntimeError("no")

    monkeypatch.setattr(uvicorn.Server, "startup", fail)
    with pytest.raises(OSError, match="did not start") as caught, gentrace.local.serve():
        pass
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"port": -1}, "port must be"),
        ({"port": 65536}, "port must be"),
        ({"max_body": 0}, "largest body"),
        ({"max_body": 2**30}, "largest body"),
        ({"timeout": 0}, "time-out"),
        ({"timeout": float("inf")}, "time-out"),
        ({"timeout": float("nan")}, "time-out"),
        ({"database": ""}, "database"),
        ({"token": ""}, "token"),
        ({"token": "a b"}, "token"),
        ({"token": "a\nb"}, "token"),
        ({"token": "a\x7f"}, "token"),
        ({"token": "名"}, "token"),
        ({"token": "a\N{NO-BREAK SPACE}b"}, "token"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(setting, words):
    with pytest.raises(ValueError, match=words) as caught:
        gentrace.local.Settings(**setting)
    assert (
        "token" not in setting or not setting["token"] or setting["token"] not in str(caught.value)
    )


@pytest.mark.parametrize(
    ("setting", "got"),
    [
        ({"database": 5}, "a path or None, got int 5"),
        ({"token": b"s3cret"}, "text or None, got bytes"),
        ({"token": 5}, "text or None, got int"),
        ({"max_body": 1.5}, "a number of bytes, got float 1.5"),
        ({"timeout": None}, "a number of seconds, got None"),
        ({"keep": "30d"}, "a number of seconds or None, got str '30d'"),
        ({"keep": True}, "a number of seconds or None, got bool True"),
        ({"max_runs": "5"}, "a number of runs or None, got str '5'"),
        ({"middleware": 5}, "a callable, got int 5"),
    ],
)
def test_an_argument_of_the_wrong_type_is_refused_by_name(setting, got):
    (name,) = setting
    with pytest.raises(TypeError) as caught:
        gentrace.local.serve(**setting)
    assert str(caught.value) == f"{name}: expected {got}"


@pytest.mark.parametrize(
    ("setting", "got"),
    [
        ({"host": None}, "a host name or address, got None"),
        ({"port": "80"}, "a port number, got str '80'"),
        ({"allowed_hosts": "box"}, "a list of names, got str 'box'"),
        ({"allowed_hosts": None}, "a list of names, got None"),
        ({"allowed_hosts": ["box", 5]}, "a list of names, got int 5"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused_by_name(setting, got):
    (name,) = setting
    with pytest.raises(TypeError) as caught:
        gentrace.local.Settings(**setting)
    assert str(caught.value) == f"{name}: expected {got}"


def test_numbers_and_collections_of_other_types_are_settings():
    settings = gentrace.local.Settings(
        allowed_hosts={"box"}, timeout=Fraction(1, 2), keep=Fraction(60)
    )
    assert settings.allowed_hosts == {"box"}


def test_what_announces_a_server_must_be_callable():
    with pytest.raises(TypeError, match=r"^announce: expected a callable, got None$"):
        gentrace.local.run(gentrace.local.Settings(), None)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("folder", "folder: it is a directory"),
        ("file/x", "file is not a directory"),
        (f"{'a' * 200}/{'b' * 200}/{'c' * 200}", "unable to open database file"),  # for SQLite
    ],
    ids=["directory", "below a file", "too long"],
)
def test_a_database_that_cannot_be_a_file_says_why(tmp_path, place, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=f"^cannot store in .*{words}$"):
        gentrace.local.serve(database=tmp_path / place)


def test_a_token_is_not_shown():
    assert "s3cret" not in repr(gentrace.local.Settings(token=SESAME))


def test_a_server_on_all_addresses_takes_addresses_and_the_names_it_was_told():
    names = ["Box", "other:99", "[::1]", "[FD00::1]"]
    hosts = AllowedHosts(names, 80, any_address=True)
    for name in ("box", "BOX:81", "other:99", "10.1.2.3", "10.1.2.3:80", "[fe80::1]", "[::1]:81"):
        assert hosts.allow(name)
    for name in ("[fd00::1]:81", "[FD00::1]:81"):
        assert hosts.allow(name)
    for name in ("other", "10.1.2.3:81", "evil", "evil:80", "", "box:80:80", "[evil]", "[::1"):
        assert not hosts.allow(name)
    assert not AllowedHosts(["box"], 80).allow("10.1.2.3")


@pytest.mark.parametrize("name", ["", "a:b", "http://box", "a:1:2", "user@box", "*", "a box"])
def test_an_allowed_host_is_a_name_and_perhaps_a_port(name):
    with pytest.raises(ValueError, match="allowed host"):
        AllowedHosts([name], 80)


@pytest.mark.parametrize(("host", "name"), [("", "localhost"), ("box.test", "box.test")])
def test_a_server_answers_to_the_name_by_which_it_was_started(monkeypatch, host, name):
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda _, *more, **options: resolve("127.0.0.1", *more, **options)
    )
    endpoint = listen(gentrace.local.Settings(host=host))
    with endpoint.listener:
        port = endpoint.listener.getsockname()[1]
        assert endpoint.hosts.allow(f"{name}:{port}")
        assert not endpoint.hosts.allow(f"other.test:{port}")


def test_a_head_that_does_not_end_is_cut_off(connect, read_all):
    """Sending a byte now and then buys no time."""
    with gentrace.local.serve(timeout=0.2) as running:
        client = connect(running.url)
        with client.raw() as silent, client.raw(b"GET /healthz HT") as half:
            assert read_all(silent) == b""
            assert read_all(half) == b""
        with client.raw() as slow:
            for _ in range(1000):
                try:
                    slow.sendall(b"G")
                except OSError:
                    break
                if select.select([slow], [], [], 0.01)[0]:
                    break
            else:
                pytest.fail("the server waits for ever")


def test_a_connection_in_good_use_outlives_the_time_of_one_head(connect):
    with gentrace.local.serve(timeout=0.5) as running:
        client = connect(running.url)
        assert client.post().status == 200
        stream = client.connection.sock
        begun = time.monotonic()
        while time.monotonic() - begun < 1.2:
            assert client.post().status == 200
        assert client.connection.sock is stream


def test_a_second_head_on_a_connection_is_bounded_too(connect, read_all):
    with gentrace.local.serve(timeout=0.2) as running:
        client = connect(running.url)
        with client.raw(client.head(method="GET", path="/healthz") + b"GET /hea") as bare:
            assert b'"ok"' in read_until(bare, b"}")
            bare.sendall(b"l")
            assert read_all(bare) == b""


def test_a_request_that_comes_with_the_one_before_is_answered_too(connect, read_all):
    with gentrace.local.serve() as running:
        client = connect(running.url)
        head = client.head(method="GET", path="/healthz")
        last = client.head("Connection: close", method="GET", path="/healthz")
        with client.raw(head + head + last) as bare:
            assert read_all(bare).count(b"HTTP/1.1 200 ") == 3


def test_a_body_that_does_not_end_is_408(connect, monkeypatch, read_all):
    monkeypatch.setattr(gate, "LINGER", 0.05)
    with gentrace.local.serve(timeout=0.2) as running:
        client = connect(running.url)
        head = client.head("Content-Type: application/json", "Content-Length: 50")
        with client.raw(head, b'{"name"') as bare:
            answer = read_all(bare)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"].endswith("0.2 seconds")
        assert connect(running.url).runs() == []


def test_a_client_that_leaves_amid_its_body_stores_nothing(tmp_path, connect, caplog):
    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as running:
        client = connect(running.url)
        with client.raw(client.head(*EXPECT, "Content-Length: 50")) as bare:
            assert read_until(bare, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    with gentrace.local.serve(database=path) as running:
        assert connect(running.url).runs() == []


def test_a_client_that_does_not_take_in_its_answer_is_cut_off(
    tmp_path, connect, monkeypatch, read_all
):
    lost = threading.Event()
    end = Connection.connection_lost

    def watched(*args):
        end(*args)
        lost.set()

    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as running:
        run_id = connect(running.url).post(LARGE).json["pipelineRunId"]
    monkeypatch.setattr(Connection, "connection_lost", watched)
    with gentrace.local.serve(database=path, timeout=0.2) as running:
        client = connect(running.url)
        with client.raw(client.head(method="GET", path=f"/api/v1/pipeline-runs/{run_id}")) as bare:
            assert lost.wait(20)
            assert 0 < len(read_all(bare)) < len(LARGE["x"])


def test_a_connection_outlives_the_time_to_take_in_its_large_answer(tmp_path, connect):
    path = tmp_path / "runs.sqlite3"
    with gentrace.local.serve(database=path) as running:
        run_id = connect(running.url).post(LARGE).json["pipelineRunId"]
    with gentrace.local.serve(database=path, timeout=1) as running:
        client = connect(running.url)
        assert client.get(f"/pipeline-runs/{run_id}").json["pipelineRun"] == LARGE
        stream = client.connection.sock
        begun = time.monotonic()
        while time.monotonic() - begun < 1.2:
            assert client.get("/pipelines").status == 200
        assert client.connection.sock is stream


def test_an_answer_is_sent_without_waiting_for_more_of_it(client, monkeypatch):
    """Else its head and body are 40 ms apart."""
    options = []
    made = Connection.connection_made

    def watched(self, transport):
        made(self, transport)
        stream = transport.get_extra_info("socket")
        options.append(stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(Connection, "connection_made", watched)
    assert client.post().status == 200
    assert options == [1]


def test_a_client_that_takes_in_a_large_answer_gets_all_of_it(connect):
    with gentrace.local.serve() as running:
        client = connect(running.url)
        client.post(LARGE)
        client.post(LARGE)
        assert [run["pipelineRun"] for run in client.runs()] == [LARGE, LARGE]


def test_a_request_under_way_is_told_that_the_server_stops(connect, monkeypatch, read_all):
    monkeypatch.setattr(http_server, "GRACE", 0.05)
    with gentrace.local.serve() as running:
        client = connect(running.url)
        head = client.head(*EXPECT, "Content-Length: 50")
        bare = socket.create_connection((client.host, client.port), timeout=30)
        bare.sendall(head)
        assert read_until(bare, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    with bare:
        answer = read_all(bare)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"the server is stopping" in answer
