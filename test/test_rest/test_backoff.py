"""After how long a call is sent again, and what `Retry-After` says of it."""

import time
from email.utils import formatdate
from random import Random

import pytest
from support.caller import within
from support.peers import (
    Peer,
    echo,
    reply,
)
from support.retrying import AT_ONCE
from urllib3 import Retry

from gentrace.exceptions import (
    ServiceException,
    TooManyRequestsException,
)
from gentrace.rest import parse_retry_after


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
        ({"Retry-After": "54"}, 54, 59.4),
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


def test_no_wait_is_longer_than_60_s(connect, waits):
    with Peer(reply(503, headers={"Retry-After": "60"})) as peer:
        error = connect(peer, timeout=10_000).fail(ServiceException)
    assert (waits, error.retry_after, error.tries) == ([60, 60], 60, 3)


ZERO = [
    {"Retry-After": "0"},
    {"retry-after-ms": "0", "Retry-After": "3"},
    {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
]


@pytest.mark.parametrize("headers", ZERO, ids=["seconds", "milliseconds", "date that is past"])
@pytest.mark.parametrize(
    "retries", [None, Retry(2, allowed_methods=None)], ids=["default", "Retry"]
)
def test_server_that_asks_for_no_wait_is_not_waited_for(connect, waits, headers, retries):
    """As often as any other: the count of retries is the bound."""
    with Peer(reply(503, headers=headers)) as peer:
        error = connect(peer, retries=retries).fail(ServiceException)
    assert (waits, error.tries) == ([], 3)
    assert repr(error.retry_after) == "0.0"


def test_retry_of_the_caller_keeps_its_waits_where_the_server_asks_for_none(connect, waits):
    """As urllib3 itself does."""
    retries = Retry(2, backoff_factor=3, allowed_methods=None)
    with Peer(reply(503, headers={"Retry-After": "0"})) as peer:
        connect(peer, retries=retries).fail(ServiceException)
    assert waits == [6]


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


@pytest.mark.parametrize("name", ["Retry-After", "retry-after-ms"])
@pytest.mark.parametrize("digits", [13, 5000])
def test_retry_after_of_any_length_is_a_number(connect, waits, name, digits):
    with Peer(reply(503, headers={name: "9" * digits})) as peer:
        error = connect(peer).fail(ServiceException)
    assert (error.retry_after, error.tries, waits) == (10**9, 1, [])


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
    "year 99999": "Fri, 31 Dec 99999 23:59:59 GMT",
    "negative": "-5",
    "empty": "",
    "words": "soon",
    "nan": "nan",
    "inf": "inf",
    "hex": "0x10",
    "list": "1, 2",
    "no such day": "Wed, 32 Oct 2099 07:28:00 GMT",
    "huge offset": "Wed, 21 Oct 2099 07:28:00 +99999999999999",
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
