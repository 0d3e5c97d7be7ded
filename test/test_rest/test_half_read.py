"""Streams that nobody reads to their end: they free their sockets and are in nobody's way."""

import gc
from contextlib import suppress

import pytest
from support.peers import (
    Peer,
    echo,
    head_of,
    proxy,
    reply,
    send,
    server_tls,
    stall,
    then,
)

from gentrace.exceptions import (
    ApiTimeoutException,
)

HALF = head_of(200, headers={"Content-Length": 8}) + b"half"
ID = b'{"pipelineRunId": "run"}'


class StopError(Exception):
    """What a caller raises inside of the block."""


def leave_the_block(caller):
    with caller.post(stream=True, skip_deserialization=True) as answer:
        answer.response.read(4)


def leave_the_block_of_the_response(caller):
    with caller.raw() as response:
        response.read(4)


def raise_inside_of_the_block(caller):
    with suppress(StopError), caller.post(stream=True, skip_deserialization=True) as answer:
        answer.response.read(4)
        raise StopError


def close_it(caller):
    response = caller.raw()
    response.read(4)
    response.close()
    response.close()


def close_the_answer(caller):
    answer = caller.post(stream=True, skip_deserialization=True)
    answer.response.read(4)
    answer.close()


def release_it(caller):
    response = caller.raw()
    response.read(4)
    response.release_conn()
    response.release_conn()


def release_it_unread(caller):
    caller.raw().release_conn()


def drop_it(caller):
    response = caller.raw()
    response.read(4)
    del response
    gc.collect()


def drop_its_generator(caller):
    next(caller.raw().stream(4))
    gc.collect()


def drop_it_in_a_cycle(caller):
    response = caller.raw()
    response.itself = response
    del response
    gc.collect()


def fail_on_it(caller):
    response = caller.raw(timeout=(5, 0.3))
    with pytest.raises(ApiTimeoutException):
        response.read()


ENDINGS = [
    leave_the_block,
    leave_the_block_of_the_response,
    raise_inside_of_the_block,
    close_it,
    close_the_answer,
    release_it,
    release_it_unread,
    drop_it,
    drop_its_generator,
    drop_it_in_a_cycle,
    fail_on_it,
]

UNFINISHED = {
    "length": HALF,
    "chunks": head_of(200, headers={"Transfer-Encoding": "chunked"}) + b"8\r\nhalf",
    "until it closes": head_of(200) + b"half",
}


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("answer", UNFINISHED)
def test_half_read_answer_frees_its_socket_and_is_in_nobodys_way(connect, answer, end):
    """urllib3's `release_conn` would give the next call the rest of this one."""
    with Peer(then(send(UNFINISHED[answer]), stall), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        end(caller)
        peer.wait(lambda: peer.open == 0)
        assert caller.works()
    assert [request.connection for request in peer.requests] == [0, 1]


@pytest.mark.parametrize("end", ENDINGS[:-1], ids=lambda end: end.__name__)
def test_half_read_answer_under_tls_and_through_a_proxy_frees_its_socket(connect, end):
    with (
        Peer(then(send(HALF), stall), echo, tls=server_tls()) as peer,
        Peer(proxy(), tls=server_tls()) as between,
    ):
        caller = connect(peer, connection_pool_maxsize=1, proxy=between.origin)
        end(caller)
        peer.wait(lambda: peer.open == between.open == 0)
        assert caller.works()
    assert peer.connections == between.connections == 2


def test_client_that_is_closed_leaves_a_stream_to_its_reader(connect):
    with Peer(reply(200, ID)) as peer:
        caller = connect(peer)
        response = caller.raw()
        caller.client.close()
        assert response.read() == ID
        peer.wait(lambda: peer.open == 0)


def test_response_that_was_read_does_not_free_what_another_call_uses(connect):
    with Peer(
        reply(200, ID), then(send(HALF), lambda talk, _: talk.pause(0.3), send(b"half"))
    ) as peer:
        caller = connect(peer)
        first = caller.raw()
        first.read()
        second = caller.raw()
        first.close()
        first.release_conn()
        del first
        gc.collect()
        assert second.read() == b"halfhalf"
    assert peer.connections == 1


def test_answer_whose_rest_does_not_come_is_drained_in_silence(connect):
    """Its connection is closed."""
    with Peer(then(send(HALF), stall), echo) as peer:
        caller = connect(peer)
        caller.raw().drain_conn()
        peer.wait(lambda: peer.open == 0)
        assert caller.works()


def test_drained_answer_is_used_again(connect):
    with Peer(reply(200, ID), echo) as peer:
        caller = connect(peer)
        caller.raw().drain_conn()
        assert caller.works()
    assert peer.connections == 1
