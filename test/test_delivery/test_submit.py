"""What `submit` takes, refuses and gives back, against a real server."""

import copy
import gc
import logging
import pickle
import sys
import threading
import weakref
from collections import Counter

import pytest
from support.deliveries import RUN, balances, delivering, keys, make_client
from support.peers import Peer, echo, reply, stall
from support.programs import run_program

import gentrace.local
from gentrace import ApiClient, ApiException, ApiTypeError, ApiValueError, Configuration
from gentrace.delivery import (
    Delivery,
    DeliveryError,
    DeliveryStats,
    Receipt,
    default_delivery,
    set_default_delivery,
)
from gentrace.model.pipeline_run_request import PipelineRunRequest


def test_drops_are_warned_about_while_all_workers_hang(caplog):
    with Peer(stall) as peer, delivering(peer, workers=1, max_runs=1) as delivery:
        delivery.submit(RUN)
        peer.wait(lambda: peer.requests)
        delivery.submit(RUN)
        peer.wait(lambda: "1 run was dropped: queue_full" in caplog.text)
        assert delivery.stats().in_flight == 1


def test_a_run_is_stored_and_the_receipt_says_its_id():
    with gentrace.local.serve() as server, delivering(server) as delivery:
        receipt = delivery.submit(PipelineRunRequest(name="answer", step_runs=[]))
        assert receipt.result(30)
        assert delivery.stats() == DeliveryStats(accepted=1, delivered=1)


def test_the_body_is_that_of_a_call_and_the_key_is_kept():
    run = {"name": "answer", "step_runs": [{"elapsed_time": 3, "provider": {"name": "a"}}]}
    with Peer() as peer, delivering(peer) as delivery:
        assert delivery.submit(run, idempotency_key="mine").result(30) == "mine"
        receipt = delivery.submit(run)
        assert receipt.result(30) == receipt.idempotency_key != "mine"
    first = peer.requests[0]
    assert (first.method, first.target) == ("POST", "/api/v1/pipeline-run")
    assert first["Authorization"] == "Bearer token-of-a-test"
    assert first["Content-Type"] == "application/json"
    assert first["Accept"] == "application/json; charset=utf-8, application/json"
    assert first.json() == {
        "name": "answer",
        "stepRuns": [{"elapsedTime": 3, "provider": {"name": "a"}}],
    }


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        ({"name": "answer"}, ApiTypeError),
        ({"name": "answer", "step_runs": [{"elapsed_time": "3"}]}, ApiTypeError),
        ({"name": "answer", "step_runs": [{"start_time": "today"}]}, ApiValueError),
        ("answer", ApiTypeError),
    ],
)
def test_the_callers_mistakes_are_raised_and_counted_nowhere(run, kind):
    with Peer() as peer, delivering(peer) as delivery:
        with pytest.raises(kind):
            delivery.submit(run)
        assert delivery.stats() == DeliveryStats()


def test_checks_that_are_turned_off_are_off_here_too():
    settings = {"disabled_client_side_validations": "format"}
    run = {"name": "answer", "step_runs": [{"start_time": "today"}]}
    with Peer() as peer, delivering(peer, settings=settings) as delivery:
        delivery.submit(run).result(30)


@pytest.mark.parametrize("key", ["", "é", "a" * 256, "a\n", 3])
def test_a_key_that_cannot_be_sent_is_refused(key):
    with (
        Peer() as peer,
        delivering(peer) as delivery,
        pytest.raises((ApiValueError, ApiTypeError), match="idempotency_key"),
    ):
        delivery.submit(RUN, idempotency_key=key)


def test_nothing_of_the_callers_is_held_or_changed():
    class Text(str):
        __slots__ = ("__weakref__",)

    text = Text("words")
    run = {"name": "answer", "step_runs": [{"provider": {"inputs": {"a": [text]}}}]}
    before = copy.deepcopy(run)
    gone = weakref.ref(text)
    with Peer(stall) as peer, delivering(peer) as delivery:
        receipt = delivery.submit(run)
        assert run == before
        del run, text, before
        gc.collect()
        assert gone() is None
        assert not receipt.done()


def test_another_configuration_holds_from_the_next_try_on():
    """Also one that lies in memory where the one that it replaced did."""
    with Peer() as even, Peer() as odd, delivering(even) as delivery:
        peers = [even, odd]
        for number in range(10):
            delivery.api_client.configuration = Configuration("http://127.0.0.1:9")
            delivery.api_client.configuration = Configuration(peers[number % 2].url)
            delivery.submit(RUN, idempotency_key=str(number)).result(30)
        assert list(keys(even)) == list("02468")
        assert list(keys(odd)) == list("13579")


def test_memory_is_counted_as_it_is():
    """With orjson too, whose bytes take more than they say."""
    with Peer(stall) as peer:
        seen = run_program("hold", peer.url, 1000)
    assert 12_000_000 < seen["bytes"] < 12_300_000
    assert seen["peak"] < seen["bytes"] + 8 * 2**20


def test_a_2xx_that_says_no_id_is_delivered():
    bodies = [b"", b"no json", b"[" * 5000, b"[]", b'{"pipelineRunId": 3}', b"{}"]
    steps = [reply(201, body) for body in bodies]
    with Peer(*steps) as peer, delivering(peer, workers=1) as delivery:
        receipts = [delivery.submit(RUN) for _ in bodies]
        assert [receipt.result(30) for receipt in receipts] == [""] * len(bodies)
    assert len(peer.requests) == len(bodies)


def test_a_2xx_too_large_to_read_is_delivered():
    with (
        Peer(reply(200, b"x" * 2000)) as peer,
        delivering(peer, settings={"max_response_body": 1000}) as delivery,
    ):
        assert delivery.submit(RUN).result(30) == ""
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [302, 308, 400, 404, 409, 413, 422])
def test_a_refusal_drops_the_run_and_is_the_cause(status):
    with Peer(reply(status), echo) as peer, delivering(peer, workers=1) as delivery:
        error = delivery.submit(RUN).exception(30)
        assert isinstance(error, DeliveryError)
        assert (error.reason, error.__cause__.status) == ("refused", status)
        assert error.idempotency_key == error.__cause__.idempotency_key
        assert delivery.submit(RUN).result(30)
        assert delivery.stats() == DeliveryStats(2, 1, dropped={"refused": 1})
    assert len(peer.requests) == 2


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_inside_the_origin_is_followed(status):
    away = reply(status, headers=[("Location", "/api/v1/elsewhere")])
    with Peer(away, echo) as peer, delivering(peer) as delivery:
        assert delivery.submit(RUN).result(30)
    assert [request.target for request in peer.requests] == [
        "/api/v1/pipeline-run",
        "/api/v1/elsewhere",
    ]


def test_drops_are_said_once_a_minute_with_their_count(caplog):
    """And when the delivery is closed."""

    def drops():
        return [record for record in caplog.records if "queue_full" in record.message]

    with Peer(stall) as peer, delivering(peer, max_runs=1) as delivery:
        receipts = [delivery.submit(RUN) for _ in range(20)]
        assert [receipt.exception(30).reason for receipt in receipts[1:]] == ["queue_full"] * 19
        peer.wait(drops)
        assert balances(delivery.stats())
        (record,) = drops()
        assert record.threadName.startswith("gentrace-delivery")
        assert (record.name, record.levelno) == ("gentrace", logging.WARNING)
    peer.wait(lambda: sum(int(record.message.split()[0]) for record in drops()) == 19)
    assert len(drops()) <= 2


def test_the_requests_of_a_delivery_are_not_traced():
    """By OpenTelemetry, whose header field they do not carry; a call of one's own is."""
    pytest.importorskip("opentelemetry.instrumentation.urllib3")
    pytest.importorskip("opentelemetry.sdk.trace")
    with Peer() as peer:
        assert run_program("traced", peer.url) == {"run": 0, "call": 1}
    traced = {request["Idempotency-Key"]: request["traceparent"] for request in peer.requests}
    assert traced.pop("run") is None
    assert traced.pop("call")


def test_disabled_wins_over_everything(monkeypatch, caplog):
    with Peer() as peer, delivering(peer) as delivery:
        for value in ("1", "true", "YES", " on "):
            monkeypatch.setenv("GENTRACE_DISABLED", value)
            with pytest.raises(DeliveryError, match="disabled"):
                delivery.submit(RUN).result(30)
        assert delivery.stats() == DeliveryStats()
        monkeypatch.setenv("GENTRACE_DISABLED", "0")
        assert delivery.submit(RUN).result(30)
    assert sum("GENTRACE_DISABLED" in record.message for record in caplog.records) <= 1


@pytest.mark.parametrize(
    ("host", "token", "reason"),
    [
        (None, None, "disabled"),
        ("https://gentrace.ai/api/v1", None, "disabled"),
        ("https://GENTRACE.AI:443/api/v1/", None, "disabled"),
        ("http://gentrace.ai/api/v1", None, "disabled"),
        ("https://gentrace.ai./api/v2", None, "disabled"),
        ("https://gentrace.ai.example/api/v1", None, None),
        ("http://127.0.0.1:9", None, None),
        (None, "token", None),
    ],
)
def test_without_token_and_host_nothing_is_sent_by_accident(host, token, reason):
    delivery = Delivery(ApiClient(Configuration(host, token)))
    assert delivery.off_reason() == reason
    if reason:
        assert delivery.submit(RUN).exception(0).reason == reason
    assert delivery.stats() == DeliveryStats()


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_client": 3},
        {"max_runs": 0},
        {"max_bytes": "1"},
        {"workers": 0},
        {"mask": 3},
        {"exit_timeout": -1},
        {"exit_timeout": float("nan")},
        {"exit_timeout": True},
    ],
)
def test_arguments_that_cannot_be_are_named(arguments):
    (name,) = arguments
    with pytest.raises((ApiTypeError, ApiValueError), match=name):
        Delivery(**arguments)


def test_the_default_delivery_is_made_once_and_can_be_exchanged(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:9")
    before = set_default_delivery(None)
    try:
        first = default_delivery()
        assert default_delivery() is first
        assert first.api_client.configuration.host == "http://127.0.0.1:9"
        other = Delivery()
        assert set_default_delivery(other) is first
        assert default_delivery() is other
        with pytest.raises(ApiTypeError, match="delivery"):
            set_default_delivery("other")
        assert set_default_delivery(None) is other
        assert default_delivery() is not other
    finally:
        set_default_delivery(before)


def test_errors_and_counters_pickle_and_print():
    error = DeliveryError("refused", "key")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (again.reason, again.idempotency_key, str(again)) == ("refused", "key", str(error))
    assert str(DeliveryError("of a later version")) == "of a later version"
    error.__cause__ = ApiException(413, "Too Large")
    assert str(error).startswith("refused: ")
    assert "Too Large" in str(error)
    stats = DeliveryStats(2, 1, dropped={"closed": 1})
    assert pickle.loads(pickle.dumps(DeliveryStats())) == DeliveryStats()  # noqa: S301 - our own
    with pytest.raises(AttributeError):
        stats.accepted = 3
    assert DeliveryStats().dropped["closed"] == 0


def test_a_delivery_shows_where_it_sends_and_no_secret():
    delivery = Delivery(make_client("http://127.0.0.1:9"))
    assert "127.0.0.1:9" in repr(delivery)
    assert "token-of-a-test" not in repr(delivery)


def test_a_receipt_ends_once():
    receipt = Receipt("key")
    assert receipt.running()
    assert not receipt.cancel()
    receipt.end_with("closed")
    receipt.end("id")
    receipt.end(DeliveryError("refused"))
    assert receipt.exception(0).reason == "closed"
    assert receipt.done()
    assert not receipt.running()


def test_a_receipt_ends_outside_of_every_lock():
    """Its callback waits for another thread, which uses the same delivery."""
    with Peer() as peer, delivering(peer) as delivery:
        done, waited = threading.Event(), []

        def use():
            delivery.submit(RUN).result(30)
            done.set()

        def wait(_):
            threading.Thread(target=use).start()
            waited.append(done.wait(30))

        delivery.submit(RUN).add_done_callback(wait)
        peer.wait(lambda: waited)
        assert waited == [True]


def test_a_callback_keeps_a_receipt_until_it_ends():
    """Of a run that is in a spool alone, nothing else may hold it."""
    seen = []
    receipt = Receipt()
    receipt.add_done_callback(seen.append)
    gone = weakref.ref(receipt)
    del receipt
    gc.collect()
    gone().end("id")
    seen[0].add_done_callback(seen.append)
    assert [ended.result(0) for ended in seen] == ["id", "id"]
    seen.clear()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("end", [lambda r: r.end("id"), lambda r: r.end_with("closed")])
def test_a_callback_that_exits_keeps_no_receipt(end):
    def leave(_):
        raise SystemExit

    receipt = Receipt()
    receipt.add_done_callback(leave)
    gone = weakref.ref(receipt)
    with pytest.raises(SystemExit) as caught:
        end(receipt)
    del receipt, caught
    gc.collect()
    assert gone() is None


def test_first_runs_of_the_same_moment_start_the_workers_once(monkeypatch):
    """Of many threads, each of which may be the first."""
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:9")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            started = start_together(8)
            assert started == {f"gentrace-delivery-{n}": 1 for n in range(2)}
    finally:
        sys.setswitchinterval(interval)


def start_together(submitters):
    """The threads that a delivery of two workers starts, by name."""
    before = set(threading.enumerate())
    barrier = threading.Barrier(submitters)
    delivery = Delivery(workers=2)

    def submit():
        barrier.wait()
        delivery.enqueue(b"{}", Receipt())

    threads = [threading.Thread(target=submit) for _ in range(submitters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [t.name for t in threading.enumerate() if t not in before]
    delivery.close(0)
    return Counter(name for name in names if name.startswith("gentrace-delivery"))
