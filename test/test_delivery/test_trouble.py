"""What a delivery does when the server is in trouble, with real requests and time in hand."""

import re
import sys
import threading
import warnings

import pytest
from support.deliveries import RUN, Gate, HandClock, balances, delivering, timed
from support.peers import Peer, close, drip, echo, head_of, names, raw, reply, reset, stall, then

from gentrace import ApiClient, Configuration
from gentrace.delivery import DeliveryStats

SENT = b'{"name":"answer-question","stepRuns":[]}'
"""The body of each try of `RUN`."""


def wait_for_tries(peer, count):
    peer.wait(lambda: len(peer.requests) >= count)


@pytest.mark.parametrize(
    "trouble",
    [reply(408), reply(429), reply(500), reply(503), reply(599), reset, close],
    ids=["408", "429", "500", "503", "599", "reset", "close"],
)
@pytest.mark.parametrize("where", [None, "spool"])
def test_what_may_pass_keeps_the_run_and_its_key(trouble, where, tmp_path):
    clock = HandClock()
    spool = where and tmp_path / where
    with Peer(trouble, trouble, echo) as peer, delivering(peer, clock, spool=spool) as delivery:
        receipt = delivery.submit(RUN)
        for tries in (1, 2):
            wait_for_tries(peer, tries)
            peer.wait(lambda: delivery.stats().queued == 1)
            clock.move(60)
        assert receipt.result(30) == receipt.idempotency_key
        assert delivery.stats() == DeliveryStats(1, 1)
    assert {request["Idempotency-Key"] for request in peer.requests} == {receipt.idempotency_key}
    assert [request.body for request in peer.requests] == [SENT] * 3


def test_a_time_out_keeps_the_run():
    clock = HandClock()
    with Peer(stall, echo) as peer, delivering(peer, clock, {"timeout": 0.2}) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        # On a slow machine others may run out too.
        peer.wait(lambda: clock.move(60) or receipt.done())
        assert receipt.result(0)


def test_retries_of_the_given_client_are_not_used():
    clock = HandClock()
    settings = {"retries": 5}
    with Peer(reply(503), echo) as peer, delivering(peer, clock, settings) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        assert delivery.api_client.configuration.retries == 5
        clock.move(60)
        assert receipt.result(30)
    assert len(peer.requests) == 2


def test_waits_double_up_to_a_minute():
    clock = HandClock()
    with Peer(reply(503)) as peer, delivering(peer, clock) as delivery:
        delivery.submit(RUN)
        for tries in range(1, 10):
            wait_for_tries(peer, tries)
            peer.wait(lambda: delivery.stats().queued == 1)
            clock.move(60)
        assert delivery.stats().queued == 1
    assert [*sorted(set(clock.drawn))[:6], 60, 60] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert max(clock.drawn) == 60


@pytest.mark.parametrize(("asked", "least"), [(30, 30), (100_000, 300)])
def test_nothing_is_sent_before_a_retry_after_is_over(asked, least):
    clock = HandClock()
    busy = reply(429, headers=[("Retry-After", asked)])
    with Peer(busy, echo) as peer, delivering(peer, clock) as delivery:
        first = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        second = delivery.submit(RUN)
        clock.move(least - 1)
        assert not delivery.flush(0)
        looks = clock.looks
        peer.wait(lambda: clock.looks > looks + 10)
        assert len(peer.requests) == 1
        clock.move(1)
        assert first.result(30)
        assert second.result(30)


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_no_good_is_waited_for(status, caplog):
    """A new token ends the pause at once. The warning came once, without the server's words."""
    clock = HandClock()

    def judge(talk, request):
        is_good = request["Authorization"] == "Bearer new"
        refuse = reply(status, request.body, reason="No: n")
        (echo if is_good else refuse)(talk, request)

    with Peer(judge) as peer, delivering(peer, clock) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(10)]
        peer.wait(lambda: caplog.records and delivery.stats().queued == 10)
        before = len(peer.requests)
        assert before <= 4
        clock.move(30)
        delivery.api_client.configuration.access_token = "new"  # noqa: S105 - of a test
        assert all(receipt.result(30) for receipt in receipts)
        assert delivery.stats() == DeliveryStats(10, 10)
    assert {request.body for request in peer.requests} == {SENT}
    (record,) = [record for record in caplog.records if "pauses" in record.message]
    why = {401: "(401) Unauthorized (check Conf", 403: "(403) Forbidden"}[status]
    assert f"for 60 s at most: {why}" in record.message
    assert not re.search("No: n|stepRuns", caplog.text)
    assert "token-of-a-test" not in caplog.text


def test_a_new_token_ends_the_pause_once_a_retry_after_is_over():
    """Where a run that was in flight while the token was refused got a 429."""
    clock = HandClock()
    arrived, is_denied = threading.Barrier(2), threading.Event()

    def judge(talk, request):
        if request["Authorization"] == "Bearer new":
            echo(talk, request)
        elif arrived.wait(30) == 0:
            reply(401)(talk, request)
        else:
            is_denied.wait(30)
            reply(429, headers=[("Retry-After", 10)])(talk, request)

    with Peer(judge) as peer, delivering(peer, clock, workers=2) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(2)]
        peer.wait(lambda: len(peer.requests) == 2 and delivery.stats().in_flight == 1)
        is_denied.set()
        peer.wait(lambda: delivery.stats().queued == 2)
        delivery.api_client.configuration.access_token = "new"  # noqa: S105 - of a test
        clock.move(9)
        looks = clock.looks
        peer.wait(lambda: clock.looks > looks + 10)
        assert len(peer.requests) == 2
        clock.move(1)
        assert all(receipt.result(30) for receipt in receipts)


def test_warning_that_is_an_error_pauses_and_says_why(caplog):
    """Of a token over plain HTTP, where the program or its tests turn warnings into errors."""
    clock = HandClock()
    with (
        Peer(echo) as peer,
        names({"plain.test": [peer.address]}),
        delivering(peer.at("plain.test"), clock) as delivery,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        receipt = delivery.submit(RUN)
        peer.wait(lambda: caplog.records and delivery.stats().queued == 1)
        delivery.api_client.configuration.host = peer.url
        assert receipt.result(30)
    (record,) = caplog.records
    assert "pauses until token or settings change" in record.message
    assert record.message.endswith("without encryption: use https://")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (404, "(404) Not Found (check Configuration.host or GENTRACE_HOST, which includes"),
        (422, "(422) Unprocessable "),
        (499, "(499)"),
        (303, "(303) See Other"),
    ],
)
def test_warning_of_refused_runs_says_why_the_last_one_was(status, why, caplog):
    """Without the server's words, which may repeat the run."""

    def refuse(talk, request):
        headers = [("Location", "/n?stepRuns")]
        reply(status, request.body, reason="No: n", headers=headers)(talk, request)

    with Peer(refuse) as peer, delivering(peer) as delivery:
        delivery.submit(RUN)
        peer.wait(lambda: "dropped" in caplog.text)
    (said,) = caplog.messages
    assert said.startswith(f"1 run was dropped: refused, the last one by {why}")
    assert not re.search("No: n|stepRuns", said)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(reply(503), "(503) Service Unavailable"), (reset, "(0) http://127.0.0.1:")],
    ids=["503", "reset"],
)
def test_an_outage_of_a_minute_is_warned_about_once(answer, why, caplog):
    clock = HandClock()

    def warnings():
        return [each for each in caplog.messages if each.startswith("no run was delivered")]

    with Peer(answer) as peer, delivering(peer, clock) as delivery:
        delivery.submit(RUN)
        for tries, seconds in enumerate([59, 2, 60], 1):
            wait_for_tries(peer, tries)
            peer.wait(lambda: delivery.stats().queued == 1)
            assert len(warnings()) == (tries > 2)
            clock.move(seconds)
            if tries == 2:
                peer.wait(warnings)
        wait_for_tries(peer, 4)
    (said,) = warnings()
    start = "no run was delivered for 60 s, 1 queued; the last try failed: "
    assert said.startswith(start + why)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (head_of(headers={"Content-Length": 5000}), "while reading the answer 200"),
        ("", "it answered with no status line"),
    ],
    ids=["truncated", "not-HTTP"],
)
def test_the_warning_of_an_outage_does_not_repeat_the_run(head, why, caplog):
    clock = HandClock()

    def repeat(talk, request):
        raw(head, request.body, "\r\n\r\n")(talk, request)

    with Peer(repeat) as peer, delivering(peer, clock) as delivery:
        delivery.submit(RUN)
        peer.wait(lambda: clock.move(61) or "no run was delivered" in caplog.text)
    (said,) = [each for each in caplog.messages if each.startswith("no run was delivered")]
    assert said.endswith(why)


def test_after_a_minute_a_denied_run_is_tried_again():
    clock = HandClock()
    with Peer(reply(403), echo) as peer, delivering(peer, clock) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: delivery.stats().queued == 1 and len(peer.requests) == 1)
        clock.move(59)
        delivery.submit(RUN)
        clock.move(1)
        assert receipt.result(30)


def test_settings_that_cannot_be_used_are_waited_for(tmp_path, caplog):
    """A file of certificates that is no such file, until another is set."""
    clock = HandClock()
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    with Peer() as peer:
        settings = {"ssl_ca_cert": broken}
        with delivering("https://127.0.0.1:9", clock, settings) as delivery:
            receipt = delivery.submit(RUN)
            peer.wait(lambda: caplog.records and delivery.stats().queued == 1)
            configuration = delivery.api_client.configuration
            configuration.ssl_ca_cert = None
            configuration.host = peer.url
            assert receipt.result(30)
    assert "ssl_ca_cert" in caplog.text


def test_header_fields_and_cookie_of_the_client_are_sent_as_they_are_now():
    with Peer() as peer, delivering(peer) as delivery:
        delivery.submit(RUN).result(30)
        delivery.api_client.set_default_header("X-Mine", "1")
        delivery.api_client.cookie = "a=b"
        delivery.submit(RUN).result(30)
    assert (peer.requests[0]["X-Mine"], peer.requests[0]["Cookie"]) == (None, None)
    assert (peer.requests[1]["X-Mine"], peer.requests[1]["Cookie"]) == ("1", "a=b")


def test_a_run_that_cannot_be_sent_for_any_reason_is_tried_again(caplog):
    """Nothing ends a worker in silence."""

    class Client(ApiClient):
        def call_api(self, *arguments, **options):
            if broken:
                sys.exit(1)
            return super().call_api(*arguments, **options)

    clock, broken = HandClock(), [True]
    with Peer() as peer, Client(Configuration(peer.url, "token")) as client:
        delivery = timed(clock)(client, workers=1)
        receipt = delivery.submit(RUN)
        peer.wait(lambda: "SystemExit" in caplog.text and delivery.stats().queued == 1)
        broken.clear()
        clock.move(60)
        assert receipt.result(30)
        assert delivery.close(30)


def test_an_outage_in_which_runs_keep_coming_loses_none():
    clock = HandClock()
    down = threading.Event()
    down.set()

    def judge(talk, request):
        (reply(503) if down.is_set() else echo)(talk, request)

    with Peer(judge) as peer, delivering(peer, clock) as delivery:
        receipts = []
        for _ in range(20):
            receipts += [delivery.submit(RUN) for _ in range(10)]
            clock.move(30)
            assert balances(delivery.stats())
        peer.wait(lambda: delivery.stats().in_flight == 0)
        down.clear()
        assert delivery.flush(30)
        assert all(receipt.result(0) for receipt in receipts)
        assert delivery.stats() == DeliveryStats(200, 200)


def test_a_run_that_always_fails_ends_among_others_that_are_taken():
    clock = HandClock()

    def judge(talk, request):
        (reply(500) if request["Idempotency-Key"] == "poison" else echo)(talk, request)

    with Peer(judge) as peer, delivering(peer, clock) as delivery:
        poisoned = delivery.submit(RUN, idempotency_key="poison")
        while not poisoned.done():
            assert delivery.submit(RUN).result(30)
            clock.move(60)
        error = poisoned.exception()
        assert (error.reason, error.__cause__.status) == ("refused", 500)
        assert delivery.stats().dropped == {"refused": 1}
    assert sum(request["Idempotency-Key"] == "poison" for request in peer.requests) >= 5


def test_an_answer_that_drips_holds_up_no_other():
    slow = drip(head_of(headers={"Content-Length": 10}), b"x" * 10, every=1)
    with Peer(then(slow), echo) as peer, delivering(peer) as delivery:
        first = delivery.submit(RUN)
        wait_for_tries(peer, 1)
        assert all(delivery.submit(RUN).result(30) for _ in range(20))
        assert not first.done()


def test_a_callback_that_raises_ends_no_worker():
    with Peer() as peer, delivering(peer, workers=1) as delivery:
        receipt = delivery.submit(RUN)
        receipt.add_done_callback(lambda _: 1 / 0)
        receipt.result(30)
        assert delivery.submit(RUN).result(30)


def test_a_callback_that_exits_ends_no_worker(caplog):
    gate = Gate()
    with Peer(gate) as peer, delivering(peer, workers=1) as delivery:
        receipt = delivery.submit(RUN)
        receipt.add_done_callback(lambda _: sys.exit(1))
        gate.go.set()
        assert receipt.result(30)
        assert delivery.submit(RUN).result(30)
    assert "SystemExit" in caplog.text


def chain_of(error):
    """An error and all that led to it."""
    found = [error]
    for one in found:
        found += [e for e in (one.__cause__, one.__context__) if e not in (None, *found)]
    return found


def assert_without_frames(error):
    chain = chain_of(error)
    assert len(chain) > 1
    assert [one.__traceback__ for one in chain] == [None] * len(chain)


def test_the_cause_of_a_run_in_trouble_holds_no_frame_with_its_body():
    """Nor does what led to it, here a server that hangs up."""
    with Peer(close) as peer, delivering(peer, HandClock()) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: peer.requests and delivery.stats().queued == 1)
        delivery.close(0)
        assert_without_frames(receipt.exception(30).__cause__)


def test_the_cause_of_a_denied_run_holds_no_frame_with_its_body(tmp_path, caplog):
    """Nor does what led to it, here settings that cannot be used."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    settings = {"ssl_ca_cert": str(broken)}
    with Peer() as peer, delivering("https://127.0.0.1:9", HandClock(), settings) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: "ssl_ca_cert" in caplog.text)
        delivery.close(0)
        assert_without_frames(receipt.exception(30).__cause__)
