"""`gentrace doctor`."""

import pytest
from support.barred import barred
from support.caller import TOKEN
from support.deliveries import ODD
from support.peers import Peer, authority, close, echo, names, refuser, reply, server_tls

import gentrace.local
from gentrace.cli import setup


@pytest.fixture
def findings(report):
    """Carry the command out; gives its exit code and what it found by topic."""

    def run(*words):
        code, values = report("doctor", *words)
        return code, {value["topic"]: (value["state"], value["text"]) for value in values}

    return run


@pytest.fixture(autouse=True)
def _roots(monkeypatch, tmp_path):
    """Trust the tests' own authority, and no other."""
    path = tmp_path / "roots.pem"
    authority().cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setattr("certifi.where", lambda: str(path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


def test_a_server_that_works_is_well_and_stores_nothing(command):
    with gentrace.local.serve() as server:
        code, output, errors = command("doctor", "--host", server.url)
        assert (code, errors) == (0, "")
        assert f"   host       {server.url} (--host)\n" in output
        assert "ok network    the server answered in " in output
        assert output.endswith("ok access     no token is needed\n")


def test_the_token_is_tried_and_not_shown(command, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    with gentrace.local.serve(token=TOKEN) as server:
        monkeypatch.setenv("GENTRACE_HOST", server.url)
        code, output, errors = command("doctor")
        assert (code, errors) == (0, "")
        assert f"host       {server.url} (GENTRACE_HOST)" in output
        assert "token      set (GENTRACE_API_KEY)" in output
        assert "ok access     the token is accepted" in output
        assert TOKEN not in output


def test_a_token_in_the_host_is_not_shown(command, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    with refuser() as (host, port):
        code, output, _ = command("doctor", "--host", f"http://{host}:{port}/{TOKEN}/v1")
    assert (code, TOKEN in output) == (1, False)
    assert f"host       http://{host}:{port}/***/v1 (--host)\n" in output


def test_a_wrong_token_and_a_missing_one_are_told_apart(findings, monkeypatch):
    with gentrace.local.serve(token="another") as server:  # noqa: S106 - of this test
        code, found = findings("--host", server.url)
        assert code == 1
        assert found["access"][1] == (
            "no token was sent, and the server wants one: set GENTRACE_API_KEY (401)"
        )
        monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
        assert findings("--host", server.url)[1]["access"] == (
            "wrong",
            "the server refused the token (401)",
        )


def test_without_token_and_host_nothing_is_recorded(findings):
    with names({"gentrace.ai": OSError("no such name")}):
        code, found = findings()
    assert code == 1
    assert found["host"] == ("info", "https://gentrace.ai/api/v1 (the default)")
    assert found["token"][0] == "wrong"
    assert "set GENTRACE_API_KEY" in found["token"][1]
    assert found["network"][0] == "wrong"


def test_a_server_that_is_not_there_is_said_in_one_line(findings):
    with refuser() as (host, port):
        code, found = findings("--host", f"http://{host}:{port}", "--timeout", "5")
    assert code == 1
    assert found["network"][0] == "wrong"
    assert "Connection refused" in found["network"][1]
    assert "access" not in found


def test_one_request_is_sent_though_it_fails(findings):
    with Peer(close) as peer:
        assert findings("--host", peer.url)[0] == 1
        assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ((302, 404, 413), "that is not a response of the Gentrace API; check the host"),
        ((408, 429, 500, 503), "it failed or has too much to do, try again later"),
    ],
)
def test_another_answer_is_wrong_and_what_to_do_is_said(findings, statuses, words):
    for status in statuses:
        with Peer(reply(status)) as peer:
            code, found = findings("--host", peer.url)
        text = f"the server answered {status} to an empty run: {words}"
        assert (code, found["access"]) == (1, ("wrong", text))


@pytest.mark.parametrize("answer", [echo, reply(204, b"", content_type=""), reply(202, {})])
def test_a_server_that_stores_whatever_comes_is_one(findings, answer):
    with Peer(answer) as peer:
        code, found = findings("--host", peer.url)
    assert (code, found["access"]) == (0, ("ok", "the server stores runs without checking them"))


def test_a_page_in_place_of_an_api_is_said(findings):
    with Peer(reply(200, b"<html>", content_type="text/html")) as peer:
        code, found = findings("--host", peer.url)
    text = "the server answered 200 to an empty run: that is not a response of the Gentrace API"
    assert (code, found["access"]) == (1, ("wrong", f"{text}; check the host"))


def test_a_certificate_is_trusted_or_said_not_to_be(findings, monkeypatch, tmp_path):
    with Peer(reply(400), tls=server_tls()) as peer:
        code, found = findings("--host", peer.url)
        assert (code, found["tls"]) == (0, ("ok", "encrypted, its certificate is trusted"))
        assert found["roots"][1] == f"SSL_CERT_FILE = {tmp_path / 'roots.pem'}"
        monkeypatch.undo()
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        code, found = findings("--host", peer.url)
        assert (code, found["tls"][0]) == (1, "wrong")
        assert found["roots"] == ("info", "those of certifi")


def test_a_token_over_plain_http_beyond_this_machine_is_wrong(findings, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    with Peer(reply(400)) as peer, names({"api.test": [peer.address]}):
        code, found = findings("--host", f"{peer.at('api.test')}/api/v1")
    assert code == 1
    assert found["tls"][0] == "wrong"
    assert found["access"][0] == "ok"


@pytest.mark.parametrize("value", ["Yes", "Yes\r", " Yes "])
def test_recording_that_is_off_is_said(findings, monkeypatch, value):
    """As a delivery reads it: blanks around it are those of a file it was read from."""
    monkeypatch.setenv("GENTRACE_DISABLED", value)
    with Peer(reply(400)) as peer:
        code, found = findings("--host", peer.url)
    assert code == 1
    assert found["recording"][1] == "off: GENTRACE_DISABLED is Yes; unset it to record runs"


@pytest.mark.parametrize("host", ["https://GENTRACE.ai/api/v1", "https://gentrace.ai:443/api/v1"])
def test_the_default_host_is_known_in_each_spelling(findings, host):
    with names({"gentrace.ai": OSError("no such name")}):
        code, found = findings("--host", host)
    assert code == 1
    assert found["token"][0] == "wrong"
    assert "neither recorded nor sent" in found["token"][1]


def test_the_proxy_of_the_environment_is_shown_without_its_password(findings, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://user:hidden@127.0.0.1:1")
    with Peer(reply(400)) as peer:
        code, found = findings("--host", peer.url)
        assert code == 1
        assert found["proxy"][1] == "http://***@127.0.0.1:1 (ALL_PROXY)"
        assert "hidden" not in str(found)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert findings("--host", peer.url)[1]["proxy"][1] == "none for this host"


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:hid/den@127.0.0.1:1",
        "http://user:hid#den@127.0.0.1:1",
        "user:hid?den@127.0.0.1:1",
        "http://user:hid den@127.0.0.1:1",
        "http://user:hid",
    ],
)
def test_a_malformed_proxy_of_the_environment_is_shown_without_its_password(
    findings, monkeypatch, proxy
):
    monkeypatch.setenv("ALL_PROXY", proxy)
    with Peer(reply(400)) as peer:
        _, found = findings("--host", peer.url)
    assert "***" in found["proxy"][1]
    assert found["settings"][1].startswith("environment variable ALL_PROXY: expected")
    assert "hid" not in str(found)
    assert "den@" not in str(found)


@pytest.mark.parametrize(
    ("variable", "value"), [("GENTRACE_HOST", "ftp://x"), ("ALL_PROXY", "nonsense://127.0.0.1")]
)
def test_a_setting_that_cannot_be_is_found(findings, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with Peer(reply(400)) as peer:
        if variable != "GENTRACE_HOST":
            monkeypatch.setenv("GENTRACE_HOST", peer.url)
        code, found = findings()
    assert code == 1
    assert found["settings"][0] == "wrong"


def test_a_package_that_is_missing_is_said(findings, monkeypatch):
    monkeypatch.setattr(setup, "PACKAGES", ("urllib3", "no-such-package"))
    with Peer(reply(400)) as peer:
        assert findings("--host", peer.url)[1]["packages"][1].endswith(", no no-such-package")


def test_a_time_out_that_cannot_be_is_a_mistake(command):
    code, output, errors = command("doctor", "--timeout", "0")
    assert (code, output) == (2, "")
    assert errors.startswith("gentrace doctor: --timeout: expected seconds above 0")


def test_what_waits_in_a_spool_is_shown(findings, tmp_path):
    with Peer(reply(500)) as peer, gentrace.ApiClient(gentrace.Configuration(peer.url)) as client:
        delivery = gentrace.Delivery(client, spool=tmp_path)
        delivery.submit({"name": "kept", "step_runs": []})
        delivery.close(0)
    with Peer(reply(400)) as peer:
        code, found = findings("--host", peer.url, "--spool", tmp_path)
    state, text = found["spool"]
    assert (code, state) == (0, "info")
    assert " 1 runs, " in text


def test_a_spool_that_is_empty_damaged_or_missing_is_said(findings, tmp_path):
    with Peer(*[reply(400)] * 3) as peer:
        assert findings("--host", peer.url, "--spool", tmp_path)[1]["spool"] == (
            "info",
            f"{tmp_path}: no unsent runs",
        )
        (tmp_path / ODD).write_bytes(b"no database" * 100)
        code, found = findings("--host", peer.url, "--spool", tmp_path)
        assert (code, found["spool"][0]) == (1, "wrong")
        assert "damaged" in found["spool"][1]
        code, found = findings("--host", peer.url, "--spool", tmp_path / "no")
        assert (code, found["spool"]) == (
            1,
            ("wrong", f"{tmp_path / 'no'}: there is no such directory"),
        )


def test_a_spool_that_may_not_be_read_is_wrong(findings, tmp_path):
    with Peer(*[reply(400)] * 2) as peer:
        assert findings("--host", peer.url, "--spool", tmp_path)[0] == 0
        with barred(0) as directory:
            code, found = findings("--host", peer.url, "--spool", directory)
    reason = f"[Errno 13] Permission denied: {str(directory)!r}"
    assert (code, found["spool"]) == (1, ("wrong", f"cannot be read: {reason}"))
