"""The server of the test kit, without pytest's plugin."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from math import inf
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from support.caller import Caller, within
from support.children import wait_for

import gentrace.testing
from gentrace import ApiTypeError, ApiValueError
from gentrace.exceptions import ApiConnectionException, ServiceException, TooManyRequestsException


def named(name):
    return {"name": name, "step_runs": []}


@pytest.fixture(scope="module")
def _shared():
    with gentrace.testing.serve() as server:
        yield server


@pytest.fixture
def server(_shared):
    """A server that holds nothing yet."""
    _shared.clear()
    return _shared


@pytest.fixture
def caller(server):
    """A client that sends everything once."""
    with Caller(server.url, retries=0) as caller:
        yield caller


@pytest.fixture
def stubborn(server):
    """A client that sends a failed call again."""
    with Caller(server.url, retries=2) as caller:
        yield caller


def test_runs_are_the_bodies_as_sent_oldest_first(server, caller):
    assert server.runs == []
    caller.post({"name": "first", "step_runs": [{"elapsed_time": 5}], "mine": [1]})
    caller.post(named("second"))
    assert server.runs == [
        {"name": "first", "stepRuns": [{"elapsedTime": 5}], "mine": [1]},
        {"name": "second", "stepRuns": []},
    ]


@pytest.mark.parametrize("timeout", [10**400, 20, inf])
def test_waiting_gives_the_runs_as_soon_as_they_are_there(server, caller, timeout):
    def post():
        for number in range(3):
            caller.post(named(f"run {number}"))

    thread = threading.Thread(target=post)
    thread.start()
    runs = server.wait_for_runs(3, timeout)
    assert [run["name"] for run in runs] == ["run 0", "run 1", "run 2"]
    thread.join()
    assert server.wait_for_runs(2) == runs


def test_a_wait_ends_when_the_run_comes_and_not_with_the_next_look(server, caller):
    def post():
        time.sleep(0.05)
        caller.post(named("awaited"))

    with ThreadPoolExecutor(1) as pool, within(2):
        for count in range(1, 6):
            pool.submit(post)
            assert len(server.wait_for_runs(count)) == count


@pytest.mark.parametrize("count", [1, 2])
def test_runs_that_come_as_the_time_ends_are_counted(server, caller, monkeypatch, count):
    """Also in a forked child, which is not told of them: what it says and what came agree."""
    given = type(server).runs
    looks = []

    def look(server):
        looks.append(server)
        if len(looks) == 2:
            caller.post(named("late"))
        return given.fget(server)

    monkeypatch.setattr(type(server), "runs", property(look))
    if count == 1:
        assert [run["name"] for run in server.wait_for_runs(1, timeout=0.3)] == ["late"]
    else:
        with pytest.raises(TimeoutError, match=r"expected 2 runs within 0\.3 s, 1 came"):
            server.wait_for_runs(2, timeout=0.3)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_sees_a_run_that_comes(server, caller):
    child = os.fork()
    if not child:
        os._exit(len(server.wait_for_runs(1, timeout=inf)))
    caller.post(named("of the parent"))
    assert wait_for(child, patience=20) == 1


def test_a_run_that_comes_twice_counts_once(server, caller):
    caller.post(named("once"), idempotency_key="key")
    caller.post(named("once"), idempotency_key="key")
    with pytest.raises(TimeoutError, match=r"expected 2 runs within 0\.05 s, 1 came"):
        server.wait_for_runs(2, timeout=0.05)


def test_a_failure_is_answered_and_stores_nothing(server, caller):
    server.fail()
    assert server.runs == []  # the kit's own requests take no fault
    assert caller.fail(ServiceException).status == 503
    assert server.runs == []
    caller.post(named("next"))


@pytest.mark.parametrize("status", [300, 599])
def test_a_failure_may_have_any_status_that_is_no_success(server, caller, status):
    server.fail(status)
    assert caller.fail().status == status


def test_a_failure_says_when_to_try_again(server, caller):
    server.fail(429, retry_after=120)
    assert caller.fail(TooManyRequestsException).retry_after == 120
    server.fail(retry_after="Fri, 31 Dec 1999 23:59:59 GMT")
    headers = caller.fail(ServiceException).headers
    assert headers["Retry-After"] == "Fri, 31 Dec 1999 23:59:59 GMT"
    server.fail()
    assert caller.fail(ServiceException).retry_after is None


def test_a_failure_of_a_large_body_is_read_by_its_client(server, caller):
    """The answer comes before the body's end, and is not lost by it."""
    server.fail(500)
    large = {"name": "x" * 8_000_000, "step_runs": []}
    assert caller.fail(ServiceException, body=large).status == 500


def test_a_failure_of_a_status_without_a_body_has_none(server, caller, caplog):
    server.fail(304)
    failure = caller.fail()
    assert (failure.status, failure.headers.get("Content-Length")) == (304, None)
    caller.post(named("next"))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_faults_queue_up_and_each_request_takes_the_next(server, stubborn):
    server.fail(503)
    server.drop(stored=True)
    stubborn.post(named("third time"), idempotency_key="key")
    server.fail(502, times=2)
    stubborn.post(named("third time too"))
    assert [run["name"] for run in server.runs] == ["third time", "third time too"]


def test_a_fault_is_for_one_request_unless_more_are_asked_for(server, caller):
    server.delay(0.01)
    server.fail()
    server.drop()
    caller.post(named("late"))
    caller.fail(ServiceException)
    caller.fail(ApiConnectionException)
    caller.post(named("next"))
    assert [run["name"] for run in server.runs] == ["late", "next"]


def test_a_dropped_request_is_not_answered(server, caller):
    server.drop()
    caller.fail(ApiConnectionException)
    assert server.runs == []


def test_a_dropped_request_may_be_stored_first(server, caller):
    server.drop(stored=True)
    caller.fail(ApiConnectionException)
    assert [run["name"] for run in server.wait_for_runs(1)] == ["answer-question"]


def test_a_large_body_is_dropped_as_any(server, caller):
    server.drop()
    caller.fail(ApiConnectionException, body={"name": "x" * 8_000_000, "step_runs": []})
    caller.post(named("next"))


def test_a_delayed_request_is_answered_late(server, caller):
    server.delay(0.2, times=2)
    with within(0.4, least=0.4):
        caller.post(named("late"))
        caller.post(named("late too"))
    assert len(server.runs) == 2


def test_a_request_of_any_kind_takes_a_fault_but_a_look_takes_none(server):
    def ask():
        with urlopen(f"{server.url}/pipeline-runs") as answer:  # noqa: S310 - it is http
            answer.read()
            return answer.status

    server.fail(times=1)
    assert server.runs == []
    with pytest.raises(HTTPError, match="503") as refused:
        ask()
    refused.value.close()
    assert ask() == 200
    with pytest.raises(TimeoutError, match="0 came"):
        server.wait_for_runs(1, timeout=0)


def test_clearing_forgets_runs_and_faults(server, caller):
    caller.post(named("before"))
    server.fail(times=3)
    server.clear()
    caller.post(named("after"))
    assert [run["name"] for run in server.runs] == ["after"]


def test_clearing_ends_a_delayed_request_which_stores_nothing(server, caller):
    """Until one try clears while the request is delayed, not before."""
    with ThreadPoolExecutor(1) as pool:
        for pause in range(1, 100):
            server.delay(3600)
            failure = pool.submit(failing, caller)
            time.sleep(pause / 100)
            server.clear()
            if failure.result(20):
                break
    assert type(failure.result()) is ApiConnectionException
    assert server.runs == []


def test_the_server_ends_though_a_request_is_delayed():
    with ThreadPoolExecutor(1) as pool, within(5):
        with gentrace.testing.serve() as server, Caller(server.url, retries=0) as caller:
            server.delay(3600)
            call = pool.submit(failing, caller)
            time.sleep(0.2)
        call.result(20)


def failing(caller):
    """Make a call, and give its exception; None where it worked."""
    try:
        caller.post()
    except ApiConnectionException as error:
        return error
    return None


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda server: server.fail(200), "status: .* from 300 to 599, got int 200"),
        (lambda server: server.fail(600), "status: .* from 300 to 599, got int 600"),
        (lambda server: server.fail(retry_after="☃"), "retry_after: expected printable latin-1"),
        (lambda server: server.fail(retry_after="1\r\nx: y"), "retry_after: expected printable"),
        (
            lambda server: server.fail(retry_after=" 1"),
            "retry_after: expected no blanks at either end",
        ),
        (lambda server: server.fail(retry_after=10**5000), "retry_after: .* got int of about 5001"),
        (lambda server: server.fail(retry_after=-1), "retry_after: expected whole seconds from 0"),
        (lambda server: server.fail(times=0), "times: expected a whole number above 0, got int 0"),
        (lambda server: server.delay(-1), "seconds: .* from 0, got int -1"),
        (lambda server: server.delay(float("inf")), "seconds: .* from 0, got float inf"),
        (lambda server: server.drop(times=-1), "times: .* above 0, got int -1"),
        (lambda server: server.wait_for_runs(-1), "count: .* from 0, got int -1"),
        (lambda server: server.wait_for_runs(0, float("nan")), "timeout: .* got float nan"),
    ],
)
def test_a_value_that_cannot_be_is_refused(server, ask, words):
    with pytest.raises(ApiValueError, match=words):
        ask(server)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda server: server.fail("503"), "status: expected a whole number .*, got str '503'"),
        (lambda server: server.fail(times=2.5), "times: expected a whole number .*, got float 2.5"),
        (lambda server: server.delay("1"), "seconds: expected a number of seconds.*, got str '1'"),
        (lambda server: server.delay(1, times=True), "times: expected a whole number .*, got bool"),
        (lambda server: server.fail(retry_after=1.5), "retry_after: .*, got float 1.5"),
        (lambda server: server.fail(retry_after=True), "retry_after: .*, got bool True"),
        (lambda server: server.drop(stored="no"), "stored: expected True or False, got str 'no'"),
        (lambda server: server.drop(None), "times: expected a whole number above 0, got None"),
        (lambda server: server.wait_for_runs("1"), "count: expected a whole number .*, got str"),
        (lambda server: server.wait_for_runs(1, None), "timeout: expected a number of seconds"),
    ],
)
def test_an_argument_of_another_type_is_refused_by_its_name(server, ask, words):
    with pytest.raises(ApiTypeError, match=words):
        ask(server)


def test_the_server_shows_where_it_is(server):
    assert repr(server) == f"Server({server.url!r})"


def test_there_is_nothing_else_in_the_kit():
    with pytest.raises(AttributeError, match=r"'gentrace\.testing' has no attribute 'client'"):
        gentrace.testing.client  # noqa: B018 - looking it up is the test


def test_the_runs_of_a_server_that_is_closed_are_gone():
    with gentrace.testing.serve() as server:
        pass
    for read in (lambda: server.runs, lambda: server.wait_for_runs(1)):
        with pytest.raises(RuntimeError, match="closed: read its runs inside of the with block"):
            read()
