"""A canary for a token, password and cookie: whatever happens, it is shown nowhere.

Every way of a call to fail is taken with everything that logs turned up, while servers repeat all
that they were sent; then all that was written, and all objects that are left, are looked through.
"""

import contextlib
import socket

import pytest
from support.caller import TOKEN, Caller
from support.canary import CANARY, leaks
from support.peers import Peer, close, proxy, raw, reply, reset, server_tls, stall
from support.secrecy import (
    ALL,
    ECHOED,
    PASSWORD,
    SETTINGS,
    STORED,
    fail,
    line,
    locals_of_ours,
    look,
    look_at_exception,
    look_through,
    make,
    tell,
    watched,
)

import gentrace
from gentrace.exceptions import ApiException

ANSWERS = {
    "refused token": tell(401),
    "refused request": tell(400),
    "broken server": tell(500),
    "busy server": tell(503),
    "status unheard of": tell(799),
    "redirect": tell(302),
    "told reason": tell(500, reason=f"Wrong {CANARY}"),
    "told media type": tell(200, content_type=f"text/plain; was={PASSWORD}"),
    "told in JSON": tell(200, line(f'{{"pipelineRunId": ["{PASSWORD}"]}}')),
    "told in a key": tell(200, line(f'{{"pipelineRunId": {{"{PASSWORD}": 1}}}}')),
    "told beside JSON": tell(200, line(f"{{{CANARY}")),
    "too large": tell(200, ALL.encode() * 100),
    "cut short": raw(STORED[:-2] + b"Content-Length: 99999\r\n\r\n" + ALL.encode()),
    "cut short, but small": raw(
        STORED[:-2] + b"Content-Length: %d\r\n\r\n" % (len(ALL) + 999) + line(CANARY)
    ),
    "redirect to what it got": reply(307, headers={"Location": f"/x?token={PASSWORD}"}),
    "told status line": raw(line(f"{CANARY}\r\n\r\n")),
    "told version": raw(line(f"HTTP/{CANARY} 200 OK\r\n\r\n")),
    "told field": raw(line(f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n")),
    "told length": raw(line(f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n")),
    "told chunk": raw(STORED[:-2] + line(f"Transfer-Encoding: chunked\r\n\r\n{CANARY}\r\n\r\n")),
    "told encoding": tell(200, b"x", content_type="application/json"),
    "closed": close,
    "reset": reset,
}


@pytest.mark.parametrize("name", ANSWERS)
@watched
def test_answer_that_repeats_the_canary(name):
    with Peer(ANSWERS[name]) as peer:
        fail(make(peer))
        assert leaks(peer.received), "the canary was not sent"


@pytest.mark.parametrize("name", ["broken server", "closed", "reset", "told status line"])
@watched
def test_call_that_is_sent_again(name):
    with Peer(ANSWERS[name]) as peer:
        fail(make(peer, retries=1))
        assert len(peer.requests) == 2


@watched
def test_redirect_to_an_address_with_the_token_in_it_is_not_followed():
    with Peer(ANSWERS["redirect to what it got"], ANSWERS["broken server"]) as peer:
        fail(make(peer, retries=1))
        assert len(peer.requests) == 1


@watched
def test_port_that_is_closed():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    fail(make(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("timeout", [0.2, (1, 0.2)])
@watched
def test_server_that_says_nothing(timeout):
    with Peer(stall) as peer:
        fail(make(peer, timeout=timeout))


@watched
def test_certificate_that_is_not_trusted():
    with Peer(tls=server_tls()) as peer:
        fail(make(peer, ssl_ca_cert=None))
        assert not leaks(peer.received)


@watched
def test_certificate_of_another_name():
    with Peer(tls=server_tls("other.example")) as peer:
        fail(make(peer))
        assert not leaks(peer.received)


@watched
def test_tls_port_by_plain_http():
    with Peer(tls=server_tls()) as peer:
        fail(make(peer.at("127.0.0.1", "http")))


@watched
def test_plain_port_by_tls():
    with Peer(greet=raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as peer:
        fail(make(peer.at("127.0.0.1", "https")))


@pytest.mark.parametrize("through", [None, proxy()])
@watched
def test_calls_that_succeed(through):
    """What is left of them shows nothing either; the answer's own fields are masked too."""
    with contextlib.ExitStack() as stack:
        fields = [(name, value) for name, value in ECHOED if not name.startswith(("X-", "L"))]
        peer = stack.enter_context(Peer(reply(headers=fields)))
        settings = {}
        if through is not None:
            between = stack.enter_context(Peer(through))
            settings["proxy"] = f"http://me:{PASSWORD}@127.0.0.1:{between.address[1]}"
        caller = stack.enter_context(Caller(peer, **SETTINGS, **settings))
        caller.client.cookie = CANARY
        answers = [caller.post(), caller.post(skip_deserialization=True), caller.post(stream=True)]
        streamed = caller.post(stream=True, skip_deserialization=True)
        look_through(caller.client, caller.api, streamed, *answers)
        streamed.response.read()
        look_through(caller.client, caller.api, streamed, *answers)
        assert leaks(peer.received)
        look("report", caller.configuration.to_debug_report())


@watched
def test_header_fields_of_a_call_that_failed():
    """Those that a caller hands over himself are in no frame of ours."""
    caller = Caller("http://127.0.0.1:1", retries=0)
    with pytest.raises(ApiException) as caught:
        caller.client.call_api("/x", "POST", {"Authorization": f"Bearer {CANARY}"})
    for place, shown in locals_of_ours(caught.value):
        assert not leaks(shown), place


def test_name_of_a_header_field_is_masked():
    with Peer(reply(400, headers={f"X-{TOKEN}": "1"})) as peer, Caller(peer) as caller:
        error = caller.fail()
    assert error.headers["X-***"] == "1"
    assert TOKEN not in f"{error.headers} {error.api_response.response.headers}"


def test_body_that_is_no_json_is_in_no_error_but_the_call_s():
    with Peer(reply(200, b"no JSON")) as peer, Caller(peer) as caller:
        response = caller.raw()
        with pytest.raises(ApiException) as caught:
            response.json()
    assert caught.value.body == b"no JSON"
    assert caught.value.__context__ is None


@watched
def test_mistake_of_the_caller_shows_no_secret():
    with Caller("http://127.0.0.1:1", **SETTINGS) as caller:
        for mistake in ({"timeout": 0}, {"body": {}}, {"content_type": "text/plain"}):
            with pytest.raises((gentrace.ApiTypeError, gentrace.ApiValueError)) as caught:
                caller.post(**mistake)
            look_at_exception(caught.value)
