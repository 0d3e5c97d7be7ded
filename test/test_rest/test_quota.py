"""The quota: an outage is not made worse by retrying all calls."""

import socket

from support.peers import (
    Peer,
    echo,
    reply,
    reset,
    stall,
)
from support.retrying import AT_ONCE
from urllib3 import Retry

from gentrace.exceptions import (
    ApiConnectionException,
    ApiTimeoutException,
    ServiceException,
)


def test_outage_costs_at_most_a_tenth_more_requests(connect):
    with Peer(reply(503)) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(1000):
            caller.fail(ServiceException)
    assert 1000 < len(peer.requests) <= 1100


def test_outage_without_answers_costs_at_most_a_tenth_more_connections(connect):
    with Peer(greet=reset) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(1000):
            caller.fail(ApiConnectionException)
        peer.wait(lambda: peer.connections > 1000)
    assert 1000 < peer.connections <= 1100


def test_retry_after_a_time_out_costs_twice(connect):
    with Peer(stall) as peer:
        caller = connect(peer, retries=AT_ONCE, timeout=(5, 0.02, 60))
        tries = sum(caller.fail(ApiTimeoutException).tries for _ in range(60))
    assert tries == 60 + 500 // 10


def test_success_at_the_first_try_gives_back_a_fifth_of_a_retry(connect):
    outage = [reply(503)] * (50 * 3 + 1)
    with Peer(*outage, *[echo] * 4, reply(503), *[echo] * 5, reply(503), echo, reply(503)) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for tries in [*[3] * 50, 1]:
            assert caller.fail(ServiceException).tries == tries
        for _ in range(4):
            assert caller.works()
        assert caller.fail(ServiceException).tries == 1
        for _ in range(5):
            assert caller.works()
        # Nine given back, one retry spent; its success is not one at the first try.
        assert caller.works()
        assert caller.fail(ServiceException).tries == 1
    assert len(peer.requests) == 150 + 1 + 4 + 1 + 5 + 2 + 1


def test_quota_is_one_for_each_client_and_outlives_its_settings(connect):
    with Peer(reply(503)) as peer:
        spent, fresh = connect(peer, retries=100), connect(peer, retries=AT_ONCE)
        spent.configuration.retries = Retry(
            100, backoff_factor=0, status_forcelist=[503], allowed_methods=None
        )
        assert spent.fail(ServiceException).tries == 101
        spent.configuration.access_token = "rotated"  # noqa: S105 - of nobody
        spent.configuration.retries = AT_ONCE
        assert spent.fail(ServiceException).tries == 1
        assert fresh.fail(ServiceException).tries == 3


def test_success_after_a_redirect_gives_back_as_much(connect):
    """The request that follows a redirect is no retry."""
    outage = [reply(503)] * (50 * 3)
    there = reply(307, headers={"Location": "/there"})
    with Peer(*outage, *[there, echo] * 5, reply(503), echo, reply(503)) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(50):
            caller.fail(ServiceException)
        for _ in range(5):
            assert caller.works()
        assert caller.works()
        assert caller.fail(ServiceException).tries == 1
    assert len(peer.requests) == 150 + 2 * 5 + 2 + 1


def test_success_after_a_connect_error_gives_nothing_back(connect, monkeypatch):
    """It is not one at the first try, although only one request was sent."""
    resolve, failures = socket.getaddrinfo, [socket.gaierror(socket.EAI_AGAIN, "later")]

    def resolve_later(*args):
        if failures:
            raise failures.pop()
        return resolve(*args)

    last = reply(200, b"{}", {"Connection": "close"})
    with Peer(*[reply(503)] * (50 * 3), *[echo] * 8, last, echo, reply(503)) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(50):
            caller.fail(ServiceException)
        for _ in range(8):
            assert caller.works()
        caller.post()
        monkeypatch.setattr(socket, "getaddrinfo", resolve_later)
        assert caller.works()
        assert not failures
        assert caller.fail(ServiceException).tries == 1
