"""Lines sent by a cluster: workers die, partitions run twice, servers refuse; stored once."""

import json
import os
import signal
from pathlib import Path

import pytest

import gentrace.local
from gentrace import ApiTypeError, ApiValueError, Configuration
from gentrace.backfill import send_bag
from gentrace.exceptions import ApiConnectionException, UnauthorizedException

dask = pytest.importorskip("dask", reason="Dask, of the extra dask, is not installed")
bags = pytest.importorskip("dask.bag", reason="Dask, of the extra dask, is not installed")

cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with Dask")

PICKLED = "and in pickles:"
TOKEN = "token-of-the-workers"  # noqa: S105 - of nobody


def line(number, **more):
    return json.dumps({"name": f"run {number}", "stepRuns": [], **more})


def names(runs):
    return sorted(run["name"] for run in runs)


pytestmark = pytest.mark.usefixtures("engine")


def test_all_lines_of_all_partitions_are_stored_once(server):
    lines = [line(number) for number in range(40)]
    result = send_bag(bags.from_sequence(lines, npartitions=5), Configuration(server.url))
    assert (result.lines, result.sent, result.rejected) == (40, 40, 0)
    assert names(server.runs) == sorted(f"run {number}" for number in range(40))


@pytest.mark.parametrize("settings", [{"configuration": "here"}, {"parallel": "2"}, {"key": 5}])
def test_an_argument_of_the_wrong_type_is_refused_before_a_worker_has_it(settings):
    with pytest.raises(ApiTypeError, match=rf"^{next(iter(settings))}: expected "):
        send_bag(bags.from_sequence([]), **settings)


def test_a_worker_that_is_killed_in_the_middle_loses_and_doubles_nothing(server, tmp_path):
    """Its partition is sent again from its start, by another worker."""
    killed = tmp_path / "killed"

    def kill_once(lines, marker):
        for number, each in enumerate(lines):
            if number == 5 and not Path(marker).exists():
                Path(marker).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield each

    bag = bags.from_sequence([line(number) for number in range(20)], npartitions=2)
    bag = bag.map_partitions(kill_once, str(killed))
    result = send_bag(bag, Configuration(server.url), parallel=1)
    assert killed.exists()
    assert (result.lines, result.sent) == (20, 20)
    assert names(server.runs) == sorted(f"run {number}" for number in range(20))


def test_a_partition_that_is_run_twice_or_cut_otherwise_is_stored_once(server):
    lines = [line(number) for number in range(20)]
    for count in (2, 2, 7):
        bag = bags.from_sequence(lines, npartitions=count)
        assert send_bag(bag, Configuration(server.url)).sent == 20
    assert len(server.runs) == 20


def test_a_server_that_asks_to_wait_is_sent_the_lines_later(server):
    server.fail(status=429, times=5, retry_after=0)
    bag = bags.from_sequence([line(number) for number in range(10)], npartitions=2)
    assert send_bag(bag, Configuration(server.url)).sent == 10
    assert len(server.runs) == 10


def test_a_bad_line_in_one_partition_is_a_reject_of_the_whole(server):
    bag = bags.from_sequence([line(0), line(1), "{", line(3)], npartitions=2)
    result = send_bag(bag, Configuration(server.url))
    assert (result.lines, result.sent, result.rejected) == (4, 3, 1)
    (reject,) = result.rejects
    assert (reject.line.number, reject.line.content) == (1, b"{")
    assert "JSON" in reject.reason
    assert len(server.runs) == 3


def test_a_property_holds_the_key(server):
    bag = bags.from_sequence([line(0, id="a"), line(1, id="a")], npartitions=2)
    assert send_bag(bag, Configuration(server.url), key="id").lines == 2
    assert len(server.runs) == 1


@pytest.fixture
def texts(monkeypatch):
    """What can be read of the tasks that are computed."""
    seen = []
    compute = bags.Bag.compute

    def look(self, **settings):
        graph = dict(self.__dask_graph__())
        told = [(task.args, task.kwargs) for task in graph.values() if hasattr(task, "args")]
        seen.append(f"{graph!r} {told!r} {self!r} {PICKLED} {cloudpickle.dumps(graph)!r}")
        return compute(self, **settings)

    monkeypatch.setattr(bags.Bag, "compute", look)
    return seen


def test_workers_have_the_token_from_their_environment(texts):
    """That of the program is neither in the text of the tasks nor in their pickles."""
    with gentrace.local.serve(token=TOKEN) as server:
        configuration = Configuration(server.url, "another-token")
        bag = bags.from_sequence([line(0)], npartitions=1)
        assert send_bag(bag, configuration).sent == 1
    assert server.url in texts[0]
    assert "another-token" not in texts[0]


def test_the_token_goes_along_where_that_is_asked_for(texts):
    """In pickles alone."""
    with gentrace.local.serve(token="another-token") as server:  # noqa: S106 - of a test
        configuration = Configuration(server.url, "another-token")
        bag = bags.from_sequence([line(0)], npartitions=1)
        with pytest.raises(UnauthorizedException):
            send_bag(bag, configuration)
        configuration.pickle_token = True
        assert send_bag(bag, configuration).sent == 1
    shown, pickled = texts[1].split(PICKLED)
    assert "another-token" not in shown
    assert "another-token" in pickled


def test_a_server_that_is_down_is_the_error_of_a_call(monkeypatch):
    bag = bags.from_sequence([line(0)], npartitions=1)
    with pytest.raises(ApiConnectionException):
        send_bag(bag, Configuration("http://127.0.0.1:1/api/v1"))
    with pytest.raises(ApiValueError, match="parallel"):
        send_bag(bag, parallel=0)
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:1/api/v1")
    with pytest.raises(ApiConnectionException):
        send_bag(bag)


# Dask 2025.1 warns of it while there is a cluster.
@pytest.mark.filterwarnings("ignore:Running on a single-machine scheduler:UserWarning")
def test_any_scheduler_of_dask_will_do(server):
    """Such as the one that runs all tasks in this thread."""
    bag = bags.from_sequence([line(number) for number in range(4)], npartitions=2)
    with dask.config.set(scheduler="synchronous"):
        assert send_bag(bag, Configuration(server.url)).sent == 4
