"""Whom the local server answers: by token, by the `Host` of a request, and in HTTP."""

import hmac
import logging
import traceback

import pytest

import gentrace.local

SESAME = "s3cret"


def test_a_token_is_needed_where_one_is_set(connect):
    with gentrace.local.serve(token=SESAME) as server:
        client = connect(server.url)
        assert client.post(Authorization="Bearer s3cret").status == 200
        assert client.get(Authorization="bearer s3cret").status == 200
        assert client.ask("GET", "/healthz").status == 200
        for path in ("/pipeline-runs", "/pipeline-runs/any", "/unknown"):
            assert client.get(path).status == 401


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer ", "Bearer guess", "Basic s3cret", "Bearer s3cret2"]
)
def test_a_token_guess_is_401_and_logged_without_it(connect, caplog, given):
    """What is said tells a token that is wrong from one that was not sent."""
    caplog.set_level(logging.DEBUG)
    headers = {} if given is None else {"Authorization": given}
    with gentrace.local.serve(token=SESAME) as server:
        refused = connect(server.url).post(**headers)
    words = "no token was sent" if given is None else "that is not this server's token"
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.json["error"].startswith(f"{words}; ")
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings == [f"refused a request from 127.0.0.1: {words}"]
    assert "s3cret" not in caplog.text
    assert "guess" not in caplog.text


@pytest.mark.parametrize("guess", ["s", "s3cres", "s3cret", "x" * 1000, "\xe9"])
def test_a_token_is_compared_in_a_time_that_says_nothing(connect, monkeypatch, guess):
    compared, compare = [], hmac.compare_digest

    def watched(*digests):
        compared.append([len(digest) for digest in digests])
        return compare(*digests)

    monkeypatch.setattr("gentrace.local.gate.hmac.compare_digest", watched)
    with gentrace.local.serve(token=SESAME) as server:
        answer = connect(server.url).get(Authorization=f"Bearer {guess}")
    assert answer.status == (200 if guess == SESAME else 401)
    assert compared == [[32, 32]]


def test_two_tokens_are_no_token(connect, read_all):
    with gentrace.local.serve(token=SESAME) as server:
        client = connect(server.url)
        lines = ["Authorization: Bearer s3cret"] * 2 + ["Connection: close"]
        with client.raw(client.head(*lines, method="GET")) as bare:
            assert read_all(bare).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("path", "site", "status"),
    [
        ("/api/v1/pipeline-runs", "cross-site", 403),
        ("/api/v1/pipeline-runs", "same-origin", 200),
        ("/api/v1/pipeline-runs", "none", 200),
        ("/", "cross-site", 200),
        ("/assets/main.js", "cross-site", 200),
    ],
)
def test_a_web_page_of_another_site_may_link_to_the_viewer_and_nothing_else(
    client, path, site, status
):
    """Browsers say from which site a request came, also for an image that a page refers to."""
    assert client.ask("GET", path, headers={"Sec-Fetch-Site": site}).status == status


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}", "[::1]:{}"])
def test_requests_that_name_this_server_are_answered(client, host):
    answer = client.ask("GET", "/healthz", headers={"Host": host.format(client.port)})
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{}",
        "127.0.0.1",
        "localhost:1",
        "10.0.0.1:{}",
        "a@localhost:{}",
    ],
)
def test_requests_that_name_another_host_are_refused(client, caplog, host):
    host = host.format(client.port)
    answer = client.ask("GET", "/healthz", headers={"Host": host})
    assert (answer.status, answer.json["at"]) == (421, "Host")
    words = f"its Host is not this server's: ['{host}']"
    assert caplog.messages == [f"refused a request from 127.0.0.1: {words}"]


def test_a_request_without_a_host_is_refused(client, read_all):
    with client.raw(b"GET /healthz HTTP/1.0\r\n\r\n") as bare:
        assert read_all(bare).startswith(b"HTTP/1.1 421 ")


def test_what_is_not_http_is_400(client, read_all):
    with client.raw(b"nonsense\r\n\r\n") as bare:
        assert read_all(bare).startswith(b"HTTP/1.1 400 ")


def test_nonsense_with_a_request_that_is_refused_is_answered_once(client, read_all, caplog):
    head = b"POST / HTTP/1.1\r\nHost: other.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    with client.raw(head + b"no chunk size\r\n") as bare:
        answer = read_all(bare)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_nonsense_after_a_refusal_is_not_answered_again(client, read_all, caplog):
    head = client.head("Content-Type: text/plain", "Transfer-Encoding: chunked")
    with client.raw(head) as bare:
        answer = b""
        while not answer.endswith(b"}"):
            answer += bare.recv(65536)
        bare.sendall(b"no chunk size\r\n")
        answer += read_all(bare)
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("make", [gentrace.local.serve, gentrace.local.Settings])
@pytest.mark.parametrize(
    "settings",
    [
        {"token": SESAME, "max_body": -1},
        {"token": SESAME, "database": 1},
        {"token": SESAME, "unknown": 1},
        {"token": f"{SESAME}\n"},
        {"token": SESAME.encode()},
    ],
)
def test_an_error_of_a_setting_shows_no_token(make, settings):
    with pytest.raises((TypeError, ValueError)) as caught:
        make(**settings)
    assert SESAME not in below_the_test(caught.value)


def test_an_error_of_the_start_shows_no_token(tmp_path):
    with pytest.raises(OSError, match="it is a directory") as caught:
        gentrace.local.serve(token=SESAME, database=tmp_path)
    assert SESAME not in below_the_test(caught.value)


def below_the_test(error):
    """The traceback with all locals, but for those of the test."""
    error.__traceback__ = error.__traceback__.tb_next
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(whole.format())
