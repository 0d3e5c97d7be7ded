"""When a call is sent again, after how long, how often, and as the same call."""

import gzip
import socket
import time
from email.utils import formatdate
from random import Random

import pytest
from support.caller import RUN, within
from support.peers import (
    Peer,
    close,
    drip,
    echo,
    endless,
    head_of,
    names,
    raw,
    refuser,
    reply,
    reset,
    send,
    server_tls,
    stall,
    then,
)
from urllib3 import Retry

from gentrace.exceptions import (
    ApiConnectionException,
    ApiResponseException,
    ApiTimeoutException,
    BadRequestException,
    ServiceException,
    TooManyRequestsException,
    exception_class,
)
from gentrace.rest import parse_retry_after

RETRIED = [408, 429, 500, 502, 503, 504]
FINAL = [
    400,
    401,
    403,
    404,
    405,
    409,
    410,
    413,
    415,
    422,
    423,
    425,
    426,
    431,
    451,
    501,
    505,
    507,
    511,
]

NOW = {"retry-after-ms": "1"}
"""Header fields of an answer that asks for another try without delay."""

AT_ONCE = Retry(2, backoff_factor=0, status_forcelist=RETRIED, allowed_methods=None)


@pytest.fixture
def waits(monkeypatch):
    """The seconds between tries, which pass at once."""
    asked = []
    monkeypatch.setattr("time.sleep", asked.append)
    return asked


def keys(peer):
    return [request["Idempotency-Key"] for request in peer.requests]


# The key.


def test_key_is_the_same_for_all_tries_of_a_call_and_another_for_the_next(connect):
    with Peer(reply(503, headers=NOW), reply(500, headers=NOW), echo) as peer:
        caller = connect(peer)
        first, second = caller.post(), caller.post()
    assert keys(peer) == [first.body["pipelineRunId"]] * 3 + [second.body["pipelineRunId"]]
    assert first.body != second.body
    assert all(len(bytes.fromhex(key)) >= 16 for key in keys(peer))
    assert len({request.body for request in peer.requests}) == 1


def test_key_of_the_caller_is_sent_for_all_tries(connect):
    with Peer(reply(503, headers=NOW), echo) as peer:
        connect(peer).post(idempotency_key="order 66")
    assert keys(peer) == ["order 66"] * 2


def test_key_is_keyword_only(connect):
    with Peer() as peer, pytest.raises(TypeError):
        connect(peer).api.pipeline_run_post(RUN, "application/json", (), False, None, False, "key")


def test_requests_that_change_nothing_carry_no_key(connect):
    with Peer() as peer:
        caller = connect(peer)
        for method in ("GET", "HEAD", "DELETE", "PUT", "PATCH"):
            caller.client.call_api("/runs", method)
    assert [key is not None for key in keys(peer)] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("step", "kind", "tries"),
    [
        (reply(400), BadRequestException, 1),
        (reply(503, headers=NOW), ServiceException, 3),
        (reply(200, b"no json"), ApiResponseException, 1),
        (then(lambda talk, _: talk.send(head_of(200)[:9]), close), ApiConnectionException, 3),
        (stall, ApiTimeoutException, 3),
        (raw(head_of(200, headers={"Content-Length": 9}), b"short"), ApiConnectionException, 3),
    ],
    ids=["400", "503", "unreadable", "no-answer", "time-out", "cut-short"],
)
@pytest.mark.usefixtures("waits")
def test_every_exception_has_the_key_and_the_number_of_tries(connect, step, kind, tries):
    with Peer(step) as peer:
        error = connect(peer).fail(kind, timeout=(5, 0.3, 60))
    assert error.idempotency_key
    assert keys(peer) == [error.idempotency_key] * tries
    assert error.tries == tries


def test_exception_without_a_request_has_the_key_to_send_the_call_again_with(connect, waits):
    with Peer() as peer:
        port = peer.address[1]
    error = connect(f"http://127.0.0.1:{port}").fail(ApiConnectionException)
    assert error.idempotency_key
    assert error.tries == 0
    assert len(waits) == 2
    with Peer() as peer:
        assert connect(peer).post(idempotency_key=error.idempotency_key).body == {
            "pipelineRunId": error.idempotency_key
        }


# Whether.


@pytest.mark.parametrize("status", RETRIED)
@pytest.mark.usefixtures("waits")
def test_status_that_may_pass_is_retried_twice(connect, status):
    with Peer(reply(status)) as peer:
        error = connect(peer).fail(exception_class(status))
    assert len(peer.requests) == error.tries == 3
    assert error.status == status


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.usefixtures("waits")
def test_other_status_is_never_retried(connect, status):
    """Not even with a Retry-After, after which urllib3 retries a 413."""
    with Peer(reply(status, headers={"Retry-After": "1"})) as peer:
        assert connect(peer).fail(exception_class(status)).tries == 1
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [reset, close, raw(b"garbage\r\n\r\n"), raw(head_of(200, headers={"Content-Length": 9}))],
    ids=["reset", "closed", "garbage", "cut short"],
)
@pytest.mark.usefixtures("waits")
def test_read_errors_are_retried(connect, fault):
    with Peer(fault, fault, echo) as peer:
        assert connect(peer).works()
    assert len(peer.requests) == 3


def test_connect_errors_are_retried(connect, monkeypatch):
    """The server comes up between two tries."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    peers = []

    def start_server(_):
        if not peers:
            peers.append(Peer(port=port).__enter__())

    monkeypatch.setattr("time.sleep", start_server)
    try:
        assert connect(f"http://127.0.0.1:{port}").works()
    finally:
        peers[0].__exit__()


def test_connection_that_went_stale_in_the_pool_is_replaced(connect):
    """urllib3's pool reports it as a read error, after which it does not retry a POST."""
    with Peer(then(echo, close), echo) as peer:
        caller = connect(peer, retries=False)
        assert caller.works()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert peer.connections == 2


@pytest.mark.usefixtures("waits")
def test_connection_that_is_closed_as_the_request_arrives_is_retried_with_the_same_key(connect):
    with Peer(echo, close, echo) as peer:
        caller = connect(peer)
        assert caller.works()
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 0, 1]
    assert keys(peer)[1] == keys(peer)[2]


def test_streamed_answer_is_not_retried_once_it_is_handed_over(connect):
    with Peer(raw(head_of(200, headers={"Content-Length": 9}), b"short")) as peer:
        response = connect(peer).raw()
        with pytest.raises(ApiConnectionException):
            response.read()
    assert len(peer.requests) == 1


# How often.


@pytest.mark.parametrize(
    ("retries", "tries"),
    [
        (None, 3),
        (False, 1),
        (0, 1),
        (1, 2),
        (5, 6),
        (Retry(1, status_forcelist=[503], allowed_methods=None), 2),
        (Retry(4, status=2, status_forcelist=[503], allowed_methods=["POST"]), 3),
        (Retry(4, status_forcelist=[500], allowed_methods=None), 1),
        (Retry(4, status_forcelist=[503], allowed_methods=["GET"]), 1),
        (Retry(4), 1),
        (Retry(0), 1),
        (Retry(False), 1),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("waits")
def test_retries_says_how_often(connect, retries, tries):
    with Peer(reply(503)) as peer:
        assert connect(peer, retries=retries).fail(ServiceException).tries == tries
    assert len(peer.requests) == tries


def test_retry_of_the_caller_says_the_waits(connect, waits):
    class Slow(Retry):
        def get_backoff_time(self):
            return 7.0 * len(self.history)

    retries = Slow(2, status_forcelist=[503], allowed_methods=None)
    with Peer(reply(503)) as peer:
        connect(peer, retries=retries).fail(ServiceException)
    assert waits == [7, 14]
    assert retries.total == 2


def test_bomb_that_is_small_on_the_wire_is_not_unpacked_before_the_next_try(connect):
    """Of 13 KB, with 8 GiB inside of it."""
    data = gzip.compress(gzip.compress(bytes(2**20)) * 8192)
    head = head_of(503, headers={"Content-Encoding": "gzip, gzip", "Content-Length": len(data)})
    assert len(data) < 2**16
    with Peer(send(head + data), echo) as peer, within(1):
        assert connect(peer, retries=AT_ONCE).works()
    assert peer.connections == 1


HALF = head_of(503, headers={"Content-Length": 9}) + b"half"


@pytest.mark.parametrize(
    "fault",
    [raw(HALF), then(send(HALF), reset), then(send(HALF), stall)],
    ids=["closed", "reset", "stall"],
)
def test_retried_answer_that_breaks_off_costs_its_connection(connect, fault):
    with Peer(fault, echo) as peer, within(2):
        assert connect(peer).works()
    assert peer.connections == 2


@pytest.mark.parametrize(
    "wait",
    [-1, float("nan"), float("-inf"), float("inf"), 10**400],
    ids=["negative", "NaN", "-inf", "inf", "huge"],
)
def test_retry_of_the_caller_may_say_any_wait(connect, wait):
    """A number that is none to wait for is none to wait; one beyond the deadline ends the call."""

    class Odd(Retry):
        def get_backoff_time(self):
            return wait

    with Peer(close, echo) as peer:
        caller = connect(peer, retries=Odd(1, allowed_methods=None))
        if wait > 1:
            caller.fail(ApiConnectionException)
        else:
            assert caller.works()


def test_retry_of_the_caller_may_ignore_retry_after(connect, waits):
    retries = Retry(
        1, status_forcelist=[503], allowed_methods=None, respect_retry_after_header=False
    )
    with Peer(reply(503, headers={"Retry-After": "30"})) as peer:
        connect(peer, retries=retries).fail(ServiceException)
    assert len(peer.requests) == 2
    assert not any(waits)


@pytest.mark.parametrize(
    "fault", [reset, raw(b"garbage\r\n\r\n"), stall], ids=["reset", "garbage", "stall"]
)
@pytest.mark.usefixtures("waits")
def test_retry_of_the_caller_that_leaves_out_post_sends_it_once(connect, fault):
    with Peer(fault) as peer:
        connect(peer, retries=Retry(3)).fail(
            ApiTimeoutException if fault is stall else ApiConnectionException, timeout=(5, 0.3, 60)
        )
    assert len(peer.requests) == 1


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("retries", "connects"),
    [
        (Retry(3), 4),
        (Retry(3, connect=1), 2),
        (Retry(3, connect=0), 1),
        (Retry(3, read=0), 4),
        (Retry(3, read=False, connect=2), 3),
    ],
    ids=repr,
)
def test_retry_of_the_caller_tells_connect_errors_from_others(connect, retries, connects):
    """A request that was not sent may be sent again, whatever its method."""
    with refuser() as address, names({"server.test": [address]}) as asked:
        connect("https://server.test", retries=retries).fail(ApiConnectionException)
    assert asked.count("server.test") == connects


def test_broken_tls_after_the_request_does_not_send_a_post_again(connect):
    """urllib3's `Retry` counts it as `other`, for which it does not look at the method."""

    def break_tls(talk, _):
        socket.socket.sendall(talk.sock, b"\x17\x03\x03\x00\x20" + bytes(32))
        talk.stall()

    with Peer(break_tls, tls=server_tls()) as peer:
        error = connect(peer, retries=Retry(3)).fail(ApiConnectionException)
        assert len(peer.requests) == error.tries == 1
        error = connect(peer).fail(ApiConnectionException)
        assert len(set(keys(peer)[1:])) == 1
        assert error.tries == 3


# After how long.


def test_backoff_is_drawn_from_0_to_half_a_second_doubling_to_8(connect, waits):
    rounds = 20
    with Peer(reply(503)) as peer:
        for _ in range(rounds):
            connect(peer, retries=7, timeout=10_000).fail(ServiceException)
    bounds = [0.5, 1, 2, 4, 8, 8, 8]
    for nth, bound in enumerate(bounds):
        drawn = waits[nth::7]
        assert len(drawn) == rounds
        assert all(0 <= wait <= bound for wait in drawn)
        # One in a million draws of 20 would have nothing in either half.
        assert min(drawn) < bound / 2 < max(drawn)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry-After": "20"}, 20, 22),
        ({"Retry-After": "60"}, 60, 66),
        ({"retry-after-ms": "1500"}, 1.5, 1.65),
        ({"retry-after-ms": "1500", "Retry-After": "20"}, 1.5, 1.65),
    ],
)
def test_retry_after_is_waited_for_with_jitter(connect, waits, headers, least, most):
    with Peer(reply(503, headers=headers)) as peer:
        for _ in range(4):
            error = connect(peer, timeout=10_000).fail(ServiceException)
    assert all(least <= wait <= most for wait in waits)
    assert len(set(waits)) == len(waits) == 8
    assert error.retry_after == least


@pytest.mark.parametrize("zone", [True, False], ids=["GMT", "-0000"])
def test_retry_after_may_be_a_date(connect, waits, zone):
    date = formatdate(time.time() + 40, usegmt=zone)
    with Peer(reply(429, headers={"Retry-After": date})) as peer:
        error = connect(peer, timeout=10_000).fail(TooManyRequestsException)
    assert all(30 < wait < 44 for wait in waits)
    assert len(waits) == 2
    assert 30 < error.retry_after <= 40


def test_retry_after_is_really_waited_for(connect):
    with Peer(reply(503, headers={"retry-after-ms": "400"}), echo) as peer, within(0.5, least=0.4):
        assert connect(peer).works()


@pytest.mark.parametrize("seconds", [61, 21_600, 10**9])
def test_longer_retry_after_ends_the_call_at_once(connect, waits, seconds):
    """urllib3's `Retry` waits up to 21,600 s."""
    with Peer(reply(503, headers={"Retry-After": str(seconds)})) as peer:
        error = connect(peer, timeout=100_000).fail(ServiceException)
    assert (error.status, error.retry_after, error.tries, waits) == (503, seconds, 1, [])


@pytest.mark.parametrize("retries", [None, AT_ONCE], ids=["default", "Retry"])
def test_retry_after_beyond_the_deadline_ends_the_call_at_once(connect, waits, retries):
    with Peer(reply(429, headers={"Retry-After": "31"})) as peer:
        error = connect(peer, timeout=30, retries=retries).fail(TooManyRequestsException)
    assert (error.status, error.retry_after, error.tries, waits) == (429, 31, 1, [])


@pytest.mark.usefixtures("waits")
def test_backoff_beyond_the_deadline_ends_the_call_at_once(connect):
    retries = Retry(3, backoff_factor=9, status_forcelist=[503], allowed_methods=None)
    with Peer(reply(503)) as peer:
        error = connect(peer, timeout=15, retries=retries).fail(ServiceException)
    # urllib3's first wait is 0, the second would be 18 s.
    assert error.tries == 2


MALFORMED = {
    "exponent": "1e3",
    "5,000 digits": "9" * 5000,
    "year 99999": "Fri, 31 Dec 99999 23:59:59 GMT",
    "negative": "-5",
    "past": "Wed, 21 Oct 2015 07:28:00 GMT",
    "empty": "",
    "words": "soon",
    "nan": "nan",
    "inf": "inf",
    "hex": "0x10",
    "list": "1, 2",
    "no such day": "Wed, 32 Oct 2099 07:28:00 GMT",
    "superscript": "\xb2",
    "underscore": "1_0",
    "sign": "+5",
}


@pytest.mark.parametrize("value", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("name", ["Retry-After", "retry-after-ms"])
def test_malformed_retry_after_counts_as_absent(connect, waits, name, value):
    with Peer(reply(503, headers={name: value})) as peer:
        error = connect(peer).fail(ServiceException)
    assert (error.retry_after, error.tries) == (None, 3)
    assert all(wait <= 1 for wait in waits)


@pytest.mark.usefixtures("waits")
def test_malformed_milliseconds_leave_the_seconds_in_force(connect):
    with Peer(reply(503, headers={"retry-after-ms": "soon", "Retry-After": "20"})) as peer:
        assert connect(peer).fail(ServiceException).retry_after == 20


@pytest.mark.usefixtures("waits")
def test_malformed_retry_after_may_be_anything(connect):
    """Whatever stands there, the call ends as documented."""
    draw = Random(5)  # noqa: S311 - no secret
    letters = [chr(c) for c in (*range(32, 127), *range(160, 256))]
    values = ["".join(draw.choices(letters, k=draw.randrange(1, 40))) for _ in range(200)]
    replies = [reply(503, headers={"Retry-After": value}) for value in values]
    with Peer(*replies) as peer:
        caller = connect(peer, retries=0)
        for _ in values:
            caller.fail(ServiceException)


# The quota.


def test_outage_costs_at_most_a_fifth_more_requests(connect):
    with Peer(reply(503)) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(1000):
            caller.fail(ServiceException)
    assert 1000 < len(peer.requests) <= 1200


def test_outage_without_answers_costs_at_most_a_fifth_more_connections(connect):
    with Peer(greet=reset) as peer:
        caller = connect(peer, retries=AT_ONCE)
        for _ in range(1000):
            caller.fail(ApiConnectionException)
        peer.wait(lambda: peer.connections > 1000)
    assert 1000 < peer.connections <= 1200


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


# What comes with an answer that is retried.


@pytest.mark.parametrize(
    "body",
    [
        endless(head_of(503), b"x" * 65536),
        endless(head_of(503, headers={"Transfer-Encoding": "chunked"}), b"1\r\nx\r\n" * 10_000),
        drip(head_of(503, headers={"Content-Length": 10**6}), b"x"),
    ],
    ids=["endless", "chunked", "drip"],
)
def test_body_of_a_retried_answer_is_not_read_without_limit(connect, body):
    """urllib3 drains it before it tries again."""
    with Peer(body, echo) as peer, within(1):
        assert connect(peer, retries=AT_ONCE).works()
    assert [request.connection for request in peer.requests] == [0, 1]


FORMS = {
    "today's": "%a, %d %b %Y %H:%M:%S GMT",
    "asctime's": "%a %b %d %H:%M:%S %Y",
    "asctime's, day filled up": "%a %b %e %H:%M:%S %Y",
    "RFC 850's": "%A, %d-%b-%y %H:%M:%S GMT",
    "with an offset of nothing": "%a, %d %b %Y %H:%M:%S -0000",
    "with an offset": "%a, %d %b %Y %H:%M:%S +0000",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_date_to_come_back_is_utc_in_every_form(monkeypatch, form, zone):
    """Wherever the client is: asctime's form says no zone, and means UTC."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        date = time.strftime(FORMS[form], time.gmtime(time.time() + 30))
        seconds = parse_retry_after({"Retry-After": date})
    finally:
        monkeypatch.undo()
        time.tzset()
    assert seconds is not None
    assert 15 < seconds <= 30
