"""A program that starts a server may stand between it and its clients."""

import http.client
import logging

import pytest
from starlette.responses import PlainTextResponse

import gentrace.local
from gentrace.local.connection import CLOSE

TEAPOT = PlainTextResponse("no coffee", 418)


def test_middleware_answers_in_the_place_of_an_endpoint_or_passes_on(connect):
    def brew(app):
        async def middle(scope, receive, send):
            await (TEAPOT if scope["method"] == "GET" else app)(scope, receive, send)

        return middle

    with gentrace.local.serve(middleware=brew) as server:
        client = connect(server.url)
        assert client.post().status == 200
        assert client.get().status == 418


def test_a_request_that_middleware_closes_gets_no_answer(connect, caplog):
    """The server goes on, and its log warns of nothing."""

    def cut(app):
        async def middle(scope, receive, send):
            if scope["method"] == "GET":
                scope["state"][CLOSE]()
                while (await receive())["type"] != "http.disconnect":
                    pass
            else:
                await app(scope, receive, send)

        return middle

    with gentrace.local.serve(middleware=cut) as server:
        with pytest.raises(http.client.RemoteDisconnected):
            connect(server.url).get()
        assert connect(server.url).post().status == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_middleware_gets_was_let_through_the_gate(connect):
    """A request for another host never reaches it."""
    seen = []

    def watch(app):
        async def middle(scope, receive, send):
            seen.append(scope["path"])
            await app(scope, receive, send)

        return middle

    with gentrace.local.serve(middleware=watch) as server:
        assert connect(server.url).get(Host="elsewhere.test").status == 421
        assert connect(server.url).get().status == 200
    assert seen == ["/api/v1/pipeline-runs"]
