"""Servers that are down, busy, elsewhere or refuse the token, and how often lines are tried."""

import pytest
from support.backfill import at_least, counts, line
from support.caller import TOKEN
from support.peers import Peer, echo, refuser, reply, reset

from gentrace import ApiException, Configuration
from gentrace.backfill import send_lines, sending
from gentrace.exceptions import ApiConnectionException, ServiceException, UnauthorizedException


@pytest.mark.usefixtures("_quick")
def test_trouble_is_tried_again_with_the_same_key(server, send):
    for fault in (server.fail, lambda: server.fail(429, retry_after=0), server.drop):
        fault()
    server.drop(stored=True)
    result = send(map(line, "abcdef"))
    assert counts(result) == (6, 6, 0, 0, 0)
    assert len(server.runs) == 6


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("status", [408, 429, 500, 599])
def test_an_answer_that_may_change_is_asked_for_again(status):
    answer = reply(status, b"<html>Please wait", content_type="text/html")  # as of a proxy
    with Peer(answer, echo) as peer:
        assert send_lines([line("a")], Configuration(peer.url)).sent == 1
        assert len(peer.requests) == 2


@pytest.mark.usefixtures("_quick")
def test_a_pause_that_the_server_asks_for_is_kept(server, send):
    server.fail(503, retry_after=1)
    with at_least(1):
        assert send([line("second")]).sent == 1


@pytest.mark.usefixtures("_quick")
def test_a_server_that_is_down_at_the_start_is_said_once():
    with refuser() as (host, port), pytest.raises(ApiConnectionException, match="refused"):
        send_lines(map(line, "abcdefgh"), Configuration(f"http://{host}:{port}"))


@pytest.mark.usefixtures("_quick")
def test_at_the_start_one_line_alone_is_tried():
    with Peer(reset) as peer:
        with pytest.raises(ApiConnectionException):
            send_lines(map(line, "abcdefgh"), Configuration(peer.url))
        assert len({request.body for request in peer.requests}) == 1
        assert len(peer.requests) == sending.MAX_FIRST_TRIES


@pytest.mark.usefixtures("_quick")
def test_a_server_that_stays_away_ends_it_and_what_is_stored_is_not_sent_again(tmp_path):
    with Peer(echo, reply(503)) as peer:
        settings = {"state": tmp_path / "state", "parallel": 1}
        with pytest.raises(ServiceException):
            send_lines(map(line, "abc"), Configuration(peer.url), **settings)
        assert len(peer.requests) >= 1 + sending.MAX_TRIES
        names = {request.json()["name"] for request in peer.requests}
        assert "a" in names


def test_a_token_that_is_not_accepted_ends_it_at_once(server):
    server.fail(401)
    with pytest.raises(UnauthorizedException):
        send_lines([line("a")], Configuration(server.url, access_token=TOKEN))
    assert server.runs == []


def test_a_token_that_is_revoked_midway_ends_it_before_many_more_lines():
    """Also if lines come one by one, so that fewer are in flight than could be."""

    def one_by_one():
        for count in range(100):
            peer.wait(lambda count=count: len(peer.requests) == count)
            yield line(str(count))

    with Peer(echo, reply(401)) as peer:
        with pytest.raises(UnauthorizedException):
            send_lines(one_by_one(), Configuration(peer.url), parallel=100)
        assert len(peer.requests) < 50


@pytest.mark.parametrize("status", [200, 201, 300, 302, 304, 404, 405, 410, 421])
def test_a_host_that_is_no_api_ends_it_at_the_first_answer(tmp_path, status):
    """Also one with a login page; a state would never send again what a page counts as stored."""
    media_type = "text/html" if status < 300 else "application/json"
    answer = reply(status, b"<html>Please log in", content_type=media_type)
    with Peer(answer) as peer, pytest.raises(ApiException) as caught:
        send_lines(map(line, "abcdefgh"), Configuration(peer.url), state=tmp_path / "state")
    assert (caught.value.status, len(peer.requests)) == (status, 1)
    assert str(caught.value).endswith(
        "(check Configuration.host or GENTRACE_HOST, which includes the path of the API)"
    )


def test_such_an_answer_behind_others_refuses_a_line():
    with Peer(echo, reply(404), echo) as peer:
        result = send_lines(map(line, "abc"), Configuration(peer.url), parallel=1)
    assert counts(result) == (3, 2, 0, 0, 1)


@pytest.mark.usefixtures("_quick")
def test_a_pause_is_told_with_its_reason_before_it_begins():
    told = []
    with Peer(reply(429), reply(503), echo) as peer:
        send_lines(
            [line("a")],
            Configuration(peer.url),
            on_pause=lambda error, seconds: told.append((error.status, seconds, peer.requests[:])),
        )
    assert [(status, len(requests)) for status, _, requests in told] == [(429, 1), (503, 2)]
    assert all(seconds > 0 for _, seconds, _ in told)


LONGEST = [1, 2, 4, 8, 16, 30, 30, 30, 30]
"""The longest pause before each try but the first, in seconds."""


def test_a_line_is_tried_again_for_about_two_minutes(monkeypatch):
    """Here a second is a millisecond."""
    monkeypatch.setattr(sending, "INITIAL_BACKOFF", sending.INITIAL_BACKOFF / 1000)
    monkeypatch.setattr(sending, "MAX_BACKOFF", sending.MAX_BACKOFF / 1000)
    told = []
    with Peer(reply(503)) as peer, pytest.raises(ServiceException):
        send_lines(
            [line("a")],
            Configuration(peer.url),
            on_pause=lambda _, seconds: told.append(1000 * seconds),
        )
    assert all(
        seconds / 2 <= pause <= seconds for pause, seconds in zip(told, LONGEST, strict=True)
    )


class StoppedError(Exception):
    """Ends a call."""


def test_no_pause_that_the_server_asks_for_is_longer_than_five_minutes():
    told = []

    def stop(_, seconds):
        told.append(seconds)
        raise StoppedError

    busy = reply(503, headers={"Retry-After": "9999"})
    with Peer(busy) as peer, pytest.raises(StoppedError):
        send_lines([line("a")], Configuration(peer.url), on_pause=stop)
    assert told == [300]
