"""Receipts on asyncio loops."""

import asyncio
import socket
import threading

import pytest
from support.deliveries import RUN, delivering
from support.peers import Peer, echo, reply, stall

from gentrace.delivery import DeliveryError


def test_several_tasks_await_one_receipt():
    async def main(delivery):
        receipt = delivery.submit(RUN)

        async def wait():
            return await receipt

        ids = await asyncio.gather(wait(), wait(), receipt, asyncio.wait_for(receipt, 30))
        return [*ids, await receipt, receipt.idempotency_key]

    with Peer() as peer, delivering(peer) as delivery:
        assert len(set(asyncio.run(main(delivery)))) == 1


def test_an_await_raises_what_became_of_the_run():
    async def main(delivery):
        await delivery.submit(RUN)

    with Peer(reply(400)) as peer, delivering(peer) as delivery:
        with pytest.raises(DeliveryError, match="refused") as caught:
            asyncio.run(main(delivery))
        assert caught.value.__cause__.status == 400


def test_an_await_that_is_given_up_leaves_the_run_alone():
    """By a time-out, and by cancelling the task; another one still gets the result."""
    go = threading.Event()

    def late(talk, request):
        go.wait(30)
        echo(talk, request)

    async def main(delivery):
        receipt = delivery.submit(RUN)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receipt, 0.01)
        task = asyncio.ensure_future(receipt)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not receipt.cancelled()
        assert not receipt.done()
        go.set()
        return await receipt == receipt.idempotency_key

    with Peer(late) as peer, delivering(peer) as delivery:
        assert asyncio.run(main(delivery))


def test_a_loop_that_is_gone_when_a_receipt_ends_is_no_trouble(caplog):
    async def main(delivery):
        receipt = delivery.submit(RUN)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receipt, 0.01)
        return receipt

    with Peer(stall) as peer, delivering(peer) as delivery:
        receipt = asyncio.run(main(delivery))
        delivery.close(0)
        assert receipt.exception(0).reason == "closed"
    assert "loop" not in caplog.text


def test_two_loops_await_one_receipt():
    async def main(receipt):
        return await receipt

    with Peer() as peer, delivering(peer) as delivery:
        receipt = delivery.submit(RUN)
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(asyncio.run(main(receipt))))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert results == [receipt.idempotency_key] * 2


def test_submitting_on_a_loop_reads_and_writes_nothing_there(monkeypatch):
    """Not even for the first run; threads of the delivery do it."""
    workers = set()

    def watch(name):
        before = getattr(socket.socket, name)

        def method(sock, *args):
            if sock.family == socket.AF_INET:  # the loop wakes itself up by sockets of its own
                workers.add(threading.current_thread().name)
            return before(sock, *args)

        monkeypatch.setattr(socket.socket, name, method)

    async def main(delivery):
        receipts = [delivery.submit({"name": "x" * 100_000, "step_runs": []}) for _ in range(20)]
        return await asyncio.gather(*receipts)

    with Peer() as peer:
        for name in ("connect", "send", "sendall", "recv", "recv_into"):
            watch(name)
        with delivering(peer) as delivery:
            assert len(set(asyncio.run(main(delivery)))) == 20
    senders = {name for name in workers if name.startswith("gentrace-delivery")}
    assert senders
    assert threading.main_thread().name not in workers
