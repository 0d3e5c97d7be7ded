"""Random waits before retries: the numbers of the program's `random` stay what they are."""

import random

import pytest
from support.backfill import line
from support.caller import TOKEN
from support.deliveries import RUN, HandClock, delivering
from support.peers import Peer, echo, reply

from gentrace import ApiClient, Configuration
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.backfill import send_lines
from gentrace.delivery.clock import Clock


class RealDraws(HandClock):
    draw = Clock.draw


def call(peer):
    with ApiClient(Configuration(peer.url, access_token=TOKEN)) as client:
        IngestionApi(client).pipeline_run_post(RUN)


def deliver(peer):
    clock = RealDraws()
    with delivering(peer, clock) as delivery:
        receipt = delivery.submit(RUN)
        peer.wait(lambda: clock.move(1) or receipt.done())


def backfill(peer):
    assert send_lines([line("a")], Configuration(peer.url, access_token=TOKEN)).sent == 1


@pytest.mark.parametrize(
    ("send", "headers"),
    [
        (call, {}),
        (call, {"retry-after-ms": "1"}),
        (deliver, {}),
        (backfill, {}),
    ],
)
def test_retries_leave_random_numbers_alone(send, headers):
    random.seed(5)
    expected = random.random()  # noqa: S311 - no secret
    random.seed(5)
    with Peer(reply(503, headers=headers), echo) as peer:
        send(peer)
    assert len(peer.requests) == 2
    assert random.random() == expected  # noqa: S311 - no secret
