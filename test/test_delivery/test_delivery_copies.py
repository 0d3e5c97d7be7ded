"""Copies and pickles of a delivery, as in functions that are sent to other processes."""

import copy
import json
import pickle
from threading import Barrier

import pytest
from support.deliveries import RUN, delivering
from support.peers import Peer, echo
from support.together import run_together, switching_often

from gentrace import Pipeline
from gentrace.delivery import Delivery, DeliveryStats
from gentrace.delivery.delivery import list_deliveries


def leave_inputs_out(step):
    step.get("provider", {}).pop("inputs", None)
    return step


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy])
def test_copy_of_a_delivery_is_the_delivery_itself(copy_of):
    with Peer() as peer, delivering(peer) as delivery:
        assert delivery.submit(RUN).result(30)
        assert copy_of(delivery) is delivery


def test_pickles_of_a_delivery_are_one_that_begins_empty(tmp_path):
    """It has the settings of the other one, but none of its runs."""
    settings = {"access_token": None}
    with Peer(echo) as peer:
        with delivering(peer, settings=settings, mask=leave_inputs_out, spool=tmp_path) as delivery:
            assert delivery.submit(RUN).result(30)
            pickled = pickle.dumps(delivery)
            assert pickle.loads(pickled) is delivery  # noqa: S301 - our own
        # As in another process, where that one is not.
        twin, same = (pickle.loads(pickled) for _ in range(2))  # noqa: S301 - our own
        assert twin is same is not delivery
        assert twin in list_deliveries()
        with twin:
            assert twin.stats() == DeliveryStats()
            with Pipeline("a", delivery=twin).start() as run, run.step("b", inputs={"c": 1}):
                pass
            assert run.receipt.result(30)
            assert twin.stats() == DeliveryStats(1, 1)
        assert delivery.stats() == DeliveryStats(1, 1)
    (step,) = json.loads(peer.requests[1].body)["stepRuns"]
    assert step["provider"] == {"name": "b"}


def test_pickles_that_threads_load_at_once_are_one_delivery():
    """As in a worker whose first tasks come together."""
    deliveries = [Delivery() for _ in range(100)]
    pickles = [pickle.dumps(delivery) for delivery in deliveries]
    for delivery in deliveries:
        delivery.close()
    loaded = []
    together = Barrier(4)

    def load():
        for pickled in pickles:
            together.wait(30)
            loaded.append(pickle.loads(pickled))  # noqa: S301 - our own

    with switching_often():
        run_together(4, load)
    assert len(loaded) == 400
    assert len(set(loaded)) == 100


def test_function_whose_delivery_is_in_use_can_be_sent_by_cloudpickle():
    """As from a notebook, where its pipeline is sent with it."""
    cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with Dask")
    with Peer(echo) as peer, delivering(peer, settings={"access_token": None}) as delivery:
        pipeline = Pipeline("a", delivery=delivery)

        @pipeline.traced
        def function(value):
            return value + 1

        assert function(1) == 2
        assert delivery.flush(30)
        there = cloudpickle.loads(cloudpickle.dumps(function))
        assert there(2) == 3
        peer.wait(lambda: len(peer.requests) == 2)
