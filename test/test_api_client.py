"""What a call puts on the wire, and what becomes of each answer."""

import copy
import dataclasses
import gc
import json
import os
import pickle
import pprint
import re
import socket
import sys
import threading
from enum import Enum
from pathlib import Path

import pytest
import urllib3
from support.caller import RUN, TOKEN
from support.canary import CANARY, leaks
from support.peers import Peer, close, echo, head_of, raw, reply, reset

import gentrace.local
from gentrace.api_client import (
    ApiClient,
    ApiResponse,
    ApiResponseWithoutDeserialization,
    HeaderParameter,
    MediaType,
    OpenApiResponse,
    Operation,
    PathParameter,
    QueryParameter,
    RequestBody,
)
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.configuration import Configuration
from gentrace.exceptions import (
    ApiConnectionException,
    ApiException,
    ApiResponseException,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    ClientException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    RedirectException,
    ServiceException,
    TooManyRequestsException,
    UnauthorizedException,
)
from gentrace.model.pipeline_run_response import PipelineRunResponse
from gentrace.paths.pipeline_run.post import (
    ApiResponseFor200,
    ApiResponseFor400,
    ApiResponseFor500,
)
from gentrace.schemas import FREE_OBJECT, INTEGER, STRING, ArraySchema, unset

ACCEPT = "application/json; charset=utf-8, application/json"
BAD_TEXT = ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\x7f", "a\x1b", "\x85", "€", " a", "a "]
"""What no field of a header may hold."""


def names(request):
    return [name.lower() for name, _ in request.headers]


# What is sent.


def test_request_is_exactly_what_is_documented(connect):
    with Peer() as peer:
        connect(peer).post({"name": "größe ✓ \u2028", "step_runs": [{"elapsed_time": 1.0}]})
    (request,) = peer.requests
    assert (request.method, request.target, request.version) == (
        "POST",
        "/api/v1/pipeline-run",
        "HTTP/1.1",
    )
    body = '{"name":"größe ✓ \u2028","stepRuns":[{"elapsedTime":1}]}'.encode()
    assert request.body == body
    assert re.fullmatch(r"[0-9a-f]{32,}", request["Idempotency-Key"])
    assert {name: value for name, value in request.headers if name != "Idempotency-Key"} == {
        "Host": peer.origin.removeprefix("http://"),
        "Accept": ACCEPT,
        "Accept-Encoding": request["Accept-Encoding"],
        "Authorization": f"Bearer {TOKEN}",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        "User-Agent": f"gentrace-python/{gentrace.__version__}",
    }
    assert len(set(names(request))) == len(request.headers)


def test_every_call_has_its_own_idempotency_key(connect):
    with Peer() as peer:
        caller = connect(peer)
        for _ in range(50):
            caller.post()
    assert len({request["Idempotency-Key"] for request in peer.requests}) == 50


@pytest.mark.parametrize("key", ["a", 'order 7/2; "x"', "x" * 255])
def test_given_idempotency_key_is_sent(connect, key):
    with Peer() as peer:
        assert connect(peer).post(idempotency_key=key).body == {"pipelineRunId": key}
        assert peer.requests[0].all("Idempotency-Key") == [key]


@pytest.mark.parametrize("arguments", [{}, {"body": unset}, {"body": None}])
def test_body_is_required(connect, arguments):
    with Peer() as peer:
        with pytest.raises(TypeError):
            connect(peer).api.pipeline_run_post(**arguments)
        assert not peer.requests


def test_arguments_of_the_contract_are_positional(connect):
    with Peer() as peer:
        answer = connect(peer).api.pipeline_run_post(
            RUN, "application/json", ("application/json",), False, 20, True
        )
    assert type(answer) is ApiResponseWithoutDeserialization
    assert peer.requests[0]["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("argument", "values", "kind"),
    [
        (
            "content_type",
            ["text/plain", "application/xml", "", "application/json; charset=utf-16"],
            ApiValueError,
        ),
        ("content_type", BAD_TEXT, ApiValueError),
        ("content_type", [None, 1, b"application/json"], ApiTypeError),
        ("accept_content_types", ["application/json", 1, {"application/json"}, (1,)], ApiTypeError),
        ("accept_content_types", [(text,) for text in (*BAD_TEXT, "")], ApiValueError),
        ("stream", [None, 1, "yes"], ApiTypeError),
        ("skip_deserialization", [None, 0, "no"], ApiTypeError),
        ("timeout", ["1", True, (1,)], ApiTypeError),
        ("timeout", [0, -1, float("nan"), (1, 0)], ApiValueError),
        ("idempotency_key", ["", "é", "x" * 256, *BAD_TEXT], ApiValueError),
        ("idempotency_key", [1, b"key"], ApiTypeError),
    ],
)
def test_wrong_argument_is_refused_before_a_byte_is_sent(connect, argument, values, kind):
    with Peer() as peer:
        caller = connect(peer)
        for value in values:
            with pytest.raises(kind, match=rf"^{argument}: expected .") as caught:
                caller.post(**{argument: value})
            assert type(caught.value) is kind
        assert peer.connections == 0


@pytest.mark.parametrize(
    "text",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=UTF-8",
        "application/json; x=y",
    ],
)
def test_content_type_may_be_spelled_otherwise(connect, text):
    with Peer() as peer:
        connect(peer).post(content_type=text)
    assert peer.requests[0].all("Content-Type") == [text]


def test_accept_of_a_call_replaces_the_documented_one(connect):
    with Peer() as peer:
        caller = connect(peer)
        caller.post(accept_content_types=("application/json", "text/plain"))
        caller.post(accept_content_types=["application/json"])
        caller.post(accept_content_types=())
    accepts = [request.all("Accept") for request in peer.requests]
    assert accepts[:2] == [["application/json, text/plain"], ["application/json"]]
    assert accepts[2] in ([], ["*/*"])


# Header fields of a client.


def test_default_headers_go_with_every_request_until_changed(connect):
    with Peer() as peer:
        caller = connect(peer)
        client = caller.client
        client.set_default_header("X-Team", "search")
        client.default_headers["x-tenant"] = "é"
        caller.post()
        client.default_headers["X-TEAM"] = "ranking"
        del client.default_headers["X-Tenant"]
        caller.post()
    assert [request.all("x-team") for request in peer.requests] == [["search"], ["ranking"]]
    assert [request.all("x-tenant") for request in peer.requests] == [["é"], []]


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
@pytest.mark.parametrize(
    "name", ["Accept", "Authorization", "Content-Type", "User-Agent", "Accept-Encoding", "Cookie"]
)
def test_default_header_stands_in_place_of_the_clients_own(connect, name, spell):
    with Peer() as peer:
        caller = connect(peer)
        caller.client.cookie = "a=b"
        caller.client.set_default_header(spell(name), "mine")
        caller.post()
    assert peer.requests[0].all(name) == ["mine"]
    assert len(set(names(peer.requests[0]))) == len(peer.requests[0].headers)


def test_default_headers_are_a_mapping_by_names_in_any_case():
    headers = ApiClient(Configuration()).default_headers
    headers["X-A"] = "1"
    headers["x-a"] = "2"
    headers["X-B"] = "3"
    assert dict(headers) == {"x-a": "2", "X-B": "3"}
    assert len(headers) == 2
    assert "X-a" in headers
    assert headers.get("x-b") == "3"
    with pytest.raises(KeyError):
        headers["X-C"]


def test_default_headers_may_be_emptied(connect):
    with Peer() as peer:
        caller = connect(peer)
        caller.client.set_default_header("X-A", "1")
        caller.post()
        caller.client.default_headers = {}
        caller.post()
        assert 5 not in caller.client.default_headers
    assert [request["X-A"] for request in peer.requests] == ["1", None]


def test_default_headers_put_in_place_are_checked_all_at_once(connect):
    """One that cannot be sent leaves those that are there; what they came from stays apart."""
    with Peer() as peer:
        caller = connect(peer)
        client = caller.client
        given = {"X-A": "1", "x-a": "2", "content-type": "application/json; x=y"}
        client.default_headers = given
        given["X-B"] = "\r\n"
        caller.post()
        for wrong, kind in (
            ({"X-C": "1", "X-Evil": "a\r\nInjected: 1"}, ApiValueError),
            ({"X-C": "1", "Host": "a"}, ApiValueError),
            ([("X-C", "1")], ApiTypeError),
            (None, ApiTypeError),
        ):
            with pytest.raises(kind, match=r"^default_headers.*: .+"):
                client.default_headers = wrong
        caller.post()
        client.default_headers = ApiClient(Configuration(), "X-D", CANARY).default_headers
        caller.post()
    assert [request.all("x-a") for request in peer.requests] == [["2"], ["2"], []]
    assert [request["X-D"] for request in peer.requests] == [None, None, CANARY]
    assert [request.all("Content-Type") for request in peer.requests] == [
        *[["application/json; x=y"]] * 2,
        ["application/json"],
    ]
    for shown in (client, client.default_headers, vars(client), vars(client.default_headers)):
        assert not leaks(repr(shown))


class Text(str, Enum):  # noqa: UP042 - a StrEnum prints as its value
    """Texts that print as the names of Enums."""

    VALUE = "a=b"
    JSON = "application/json"
    GET = "GET"
    PATH = "/x"


def test_text_of_an_enum_is_its_value(connect):
    with Peer() as peer:
        caller = connect(peer)
        client = caller.client
        client.cookie = client.user_agent = Text.VALUE
        client.set_default_header("X-A", Text.VALUE)
        caller.post(
            content_type=Text.JSON, accept_content_types=(Text.JSON,), idempotency_key=Text.VALUE
        )
        client.call_api(Text.PATH, Text.GET, headers={"X-A": Text.JSON})
    first, second = peer.requests
    for name in ("Cookie", "User-Agent", "X-A", "Idempotency-Key"):
        assert first[name] == "a=b"
    assert (first["Accept"], first["Content-Type"]) == ("application/json",) * 2
    assert (second.method, second.target, second["X-A"]) == (
        "GET",
        "/api/v1/x",
        "application/json",
    )


def test_shown_default_headers_are_masked():
    client = ApiClient(Configuration(), "Authorization", CANARY, f"session={CANARY}")
    client.set_default_header("X-Api-Key", CANARY)
    assert "X-Api-Key" in repr(client.default_headers)
    for shown in (client, client.default_headers, vars(client), vars(client.default_headers)):
        assert not leaks(repr(shown))
        assert not leaks(pprint.pformat(shown))


RESERVED = ["Connection", "Content-Length", "Host", "Idempotency-Key", "Transfer-Encoding"]


@pytest.mark.parametrize("name", [*RESERVED, "HOST", "content-length"])
def test_reserved_header_is_refused_with_the_remedy(connect, name):
    """A client, and a call, cannot say what only the client can know."""
    with Peer() as peer:
        client = connect(peer).client
        for attempt in (
            lambda: client.set_default_header(name, "1"),
            lambda: client.default_headers.update({name: "1"}),
            lambda: ApiClient(Configuration(), name, "1"),
            lambda: client.call_api("/x", "GET", headers={name: "1"}),
        ):
            with pytest.raises(ApiValueError, match=rf"headers\['{name}'\]: .+"):
                attempt()
        assert peer.connections == 0


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "a\r\nb", "é", "\0", "a\x7f", "(a)", "a,b", " a"]
)
def test_header_name_that_cannot_be_is_refused(connect, name):
    with Peer() as peer:
        client = connect(peer).client
        for attempt in (
            lambda: client.set_default_header(name, "1"),
            lambda: ApiClient(Configuration(), name, "1"),
            lambda: client.call_api("/x", "GET", headers={name: "1"}),
            lambda: client.call_api("/x", name),
        ):
            with pytest.raises(ApiValueError, match="expected"):
                attempt()
        assert dict(client.default_headers) == {}
        assert peer.connections == 0


def test_header_name_that_holds_its_value_is_not_repeated():
    client = ApiClient(Configuration())
    for attempt in (
        lambda: client.set_default_header(f"Authorization: Bearer {CANARY}", "1"),
        lambda: client.call_api("/x", "GET", headers=f"Authorization: {CANARY}"),
        lambda: client.call_api("/x", "POST", fields=[(CANARY, 1)]),
        lambda: ApiClient(CANARY),
        lambda: IngestionApi(CANARY),
    ):
        with pytest.raises((ApiTypeError, ApiValueError), match=": expected ") as caught:
            attempt()
        assert not leaks(str(caught.value))


@pytest.mark.parametrize("text", BAD_TEXT)
def test_header_value_that_cannot_be_is_refused_and_not_repeated(connect, text):
    value = text.replace("a", "secret")
    with Peer() as peer:
        client = connect(peer).client
        for attempt in (
            lambda: client.set_default_header("X-A", value),
            lambda: ApiClient(Configuration(), "X-A", value),
            lambda: ApiClient(Configuration(), cookie=value),
            lambda: setattr(client, "cookie", value),
            lambda: setattr(client, "user_agent", value),
            lambda: client.call_api("/x", "GET", headers={"X-A": value}),
        ):
            with pytest.raises(ApiValueError, match="expected") as caught:
                attempt()
            assert "secret" not in str(caught.value)
        assert (dict(client.default_headers), client.cookie) == ({}, None)
        assert peer.connections == 0


@pytest.mark.parametrize("value", [1, b"a", None])
def test_header_of_another_type_is_refused(value):
    client = ApiClient(Configuration())
    for attempt in (
        lambda: client.set_default_header("X-A", value),
        lambda: client.set_default_header(value, "a"),
        lambda: setattr(client, "user_agent", value),
    ):
        with pytest.raises(ApiTypeError, match="expected"):
            attempt()


def test_header_cookie_and_user_agent_of_a_client(connect):
    with Peer() as peer:
        caller = connect(peer)
        caller.client = ApiClient(caller.configuration, "X-Team", "search", "a=b; c=d")
        caller.api = IngestionApi(caller.client)
        caller.client.user_agent = "my-app/1.0"
        caller.post()
        assert caller.client.user_agent == "my-app/1.0"
        assert caller.client.cookie == "a=b; c=d"
        caller.client.cookie = None
        caller.post()
        caller.client.close()
    first, second = peer.requests
    assert (first["X-Team"], first["Cookie"], first["User-Agent"]) == (
        "search",
        "a=b; c=d",
        "my-app/1.0",
    )
    assert second["Cookie"] is None
    assert ApiClient(caller.configuration).user_agent == f"gentrace-python/{gentrace.__version__}"


# The client itself.


def test_making_a_client_opens_no_socket_and_starts_no_thread():
    def held():
        return sorted(path.name for path in Path("/proc/self/fd").iterdir()), threading.enumerate()

    before = held()
    clients = [ApiClient(Configuration(), pool_threads=50) for _ in range(100)]
    assert held() == before
    assert len(clients) == 100


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("https://one.example",), ApiTypeError),
        (({},), ApiTypeError),
        ((Configuration,), ApiTypeError),
        ((None, None, None, None, "1"), ApiTypeError),
        ((None, None, None, None, True), ApiTypeError),
        ((None, None, None, None, 0), ApiValueError),
        ((None, "X-A"), ApiTypeError),
        ((None, None, "a"), ApiTypeError),
    ],
)
def test_wrong_argument_of_a_client_is_refused(arguments, kind):
    with pytest.raises(kind, match="expected") as caught:
        ApiClient(*arguments)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("configuration", None, ApiTypeError),
        ("configuration", "https://one.example", ApiTypeError),
        ("pool_threads", "1", ApiTypeError),
        ("pool_threads", 0, ApiValueError),
    ],
)
def test_wrong_attribute_of_a_client_is_refused(name, value, kind):
    client = ApiClient(Configuration())
    before = getattr(client, name)
    with pytest.raises(kind, match=rf"^{name}: expected"):
        setattr(client, name, value)
    assert getattr(client, name) == before


@pytest.mark.parametrize("given", ["https://one.example", Configuration(), ApiClient, 0])
def test_api_takes_a_client_alone(given):
    with pytest.raises(ApiTypeError, match=r"^api_client: expected a gentrace.ApiClient, such as"):
        IngestionApi(given)


def test_close_frees_the_connection_and_a_later_call_opens_another(connect):
    with Peer() as peer:
        caller = connect(peer)
        with caller.client as client:
            assert client is caller.client
            caller.post()
            caller.post()
            assert (peer.connections, peer.open) == (1, 1)
        peer.wait(lambda: peer.open == 0)
        caller.post()
        assert peer.connections == 2
        client.close()
        client.close()
        peer.wait(lambda: peer.open == 0)


def test_dropped_client_frees_its_connection():
    with Peer() as peer:
        client = ApiClient(Configuration(peer.url))
        IngestionApi(client).pipeline_run_post(body=RUN)
        assert peer.open == 1
        del client
        gc.collect()
        peer.wait(lambda: peer.open == 0)


def test_client_keeps_the_configuration_that_it_was_given():
    configuration = Configuration()
    client = ApiClient(configuration)
    assert client.configuration is configuration
    assert IngestionApi(client).api_client is client
    assert type(IngestionApi().api_client) is ApiClient
    assert repr(client) == f"ApiClient({configuration!r})"


@pytest.mark.parametrize("keep", [True, False])
def test_client_pickles_as_its_configuration(keep):
    """Header fields that carry secrets go the way of the token."""
    with Peer() as peer:
        client = ApiClient(
            Configuration(peer.url, CANARY, pickle_token=keep), "X-Team", "search", f"a={CANARY}", 3
        )
        client.set_default_header("Proxy-Authorization", CANARY)
        client.call_api("/warm", "GET")
        pickled = pickle.dumps(client)
        client.close()
        twin = pickle.loads(pickled)  # noqa: S301 - our own
        assert bool(leaks(pickled)) == keep
        assert twin.pool_threads == 3
        twin.configuration.access_token = twin.configuration.access_token or "new"
        twin.call_api("/x", "GET")
        twin.close()
    request = peer.requests[-1]
    assert request["X-Team"] == "search"
    assert request["Authorization"] == ("Bearer " + CANARY if keep else "Bearer new")
    assert request["Cookie"] == (f"a={CANARY}" if keep else None)
    assert request["Proxy-Authorization"] == (CANARY if keep else None)


def test_pickled_client_has_no_cookie_of_its_own():
    twin = pickle.loads(pickle.dumps(ApiClient(Configuration())))  # noqa: S301 - our own
    assert (twin.cookie, dict(twin.default_headers), twin.pool_threads) == (None, {}, 1)


def test_pickled_cookie_is_the_clients_own():
    client = ApiClient(Configuration(pickle_token=True), cookie="a=b")
    twin = pickle.loads(pickle.dumps(client))  # noqa: S301 - our own
    assert (twin.cookie, dict(twin.default_headers)) == ("a=b", {})


@pytest.mark.parametrize("deep", [False, True])
def test_copied_client_keeps_its_secrets_and_is_apart(deep):
    """It shares the configuration; a deep copy has its own, as has all that is copied with it."""
    with Peer() as peer:
        client = ApiClient(Configuration(peer.url, "token"), "Authorization", "Basic a", "a=b", 3)
        client.call_api("/x", "GET")
        pair = client, client.configuration
        twin, configuration = copy.deepcopy(pair) if deep else (copy.copy(client), pair[1])
        assert (twin.configuration is configuration, twin.pool_threads) == (True, 3)
        assert (configuration is client.configuration) != deep
        twin.call_api("/x", "GET")
        assert peer.connections == 2
        twin.cookie = None
        del twin.default_headers["Authorization"]
        for each in (twin, client):
            each.call_api("/x", "GET")
            each.close()
    fields = [(request["Authorization"], request["Cookie"]) for request in peer.requests]
    own = ("Basic a", "a=b")
    assert fields == [own, own, ("Bearer token", None), own]


def test_call_whose_transport_cannot_load_fails(connect, monkeypatch):
    """As when the interpreter ends before the first call."""
    monkeypatch.setitem(sys.modules, "gentrace.rest", None)
    with Peer() as peer:
        error = connect(peer).fail(ApiConnectionException)
    assert "cannot load" in str(error)


# Requests that are ready.


@pytest.mark.parametrize("status", [200, 204, 304, 400, 418, 500])
def test_call_api_gives_the_raw_answer_whatever_its_status(connect, status):
    body = b"" if status in {204, 304} else b"words"
    with Peer(reply(status, body, content_type="text/plain")) as peer:
        caller = connect(peer, retries=0)
        answer = caller.client.call_api("/x?a=b", "put", body="größe")
        assert isinstance(answer, urllib3.HTTPResponse)
        assert (answer.status, answer.data) == (status, body)
    (request,) = peer.requests
    assert (request.method, request.target, request.body) == (
        "PUT",
        "/api/v1/x?a=b",
        "größe".encode(),
    )
    assert request["Authorization"] == f"Bearer {TOKEN}"
    assert request["Content-Length"] == str(len(request.body))


def test_call_api_header_stands_in_place_of_the_clients_own(connect):
    given = {
        "accept": "text/plain",
        "AUTHORIZATION": "Basic abc",
        "content-type": "text/plain",
        "cookie": "c=d",
        "user-agent": "mine",
    }
    with Peer() as peer:
        caller = connect(peer)
        caller.client.cookie = "a=b"
        caller.client.call_api("/x", "POST", headers=given, body=b"\xff")
    (request,) = peer.requests
    for name, value in given.items():
        assert request.all(name) == [value], name
    assert len(set(names(request))) == len(request.headers)
    assert request.body == b"\xff"


def test_call_api_sends_a_form(connect):
    with Peer() as peer:
        connect(peer).client.call_api("/x", "POST", fields=[("a b", "é&="), ("c", "d")])
    (request,) = peer.requests
    assert request.body == b"a+b=%C3%A9%26%3D&c=d"
    assert request["Content-Type"] == "application/x-www-form-urlencoded"


def test_header_has_one_spelling_on_the_wire(connect):
    """The last one that is given; that of the form gives way to any other."""
    given = {"X-A": "1", "x-a": "2", "content-type": "text/plain", "AUTHORIZATION": "Basic a"}
    with Peer() as peer:
        client = connect(peer).client
        client.call_api("/x", "POST", headers=given, fields=[("a", "b")])
        client.set_default_header("content-TYPE", "text/csv")
        client.call_api("/x", "POST", fields=[("a", "b")])
    for request in peer.requests:
        assert len(set(names(request))) == len(request.headers)
    first, second = peer.requests
    assert (first["X-A"], first["Content-Type"]) == ("2", "text/plain")
    assert second["Content-Type"] == "text/csv"


def test_call_api_sends_the_token_to_its_own_host_alone(connect):
    with Peer() as peer, Peer() as other:
        client = connect(peer).client
        client.call_api("/x", "GET")
        client.call_api("/x", "GET", auth_settings=[])
        client.call_api("/x", "GET", host=other.url)
        client.call_api("/x", "GET", host=other.url, auth_settings=["bearerAuth"])
    sent = [request["Authorization"] for request in (*peer.requests, *other.requests)]
    assert sent == [f"Bearer {TOKEN}", None, None, f"Bearer {TOKEN}"]


def test_call_api_keys_what_changes_something(connect):
    with Peer() as peer:
        client = connect(peer).client
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            client.call_api("/x", method)
        client.call_api("/x", "POST", idempotency_key="mine")
    keys = [request["Idempotency-Key"] for request in peer.requests]
    assert [bool(key) for key in keys] == [False, False, True, True, True, True]
    assert keys[-1] == "mine"


def test_call_api_streams(connect):
    with Peer(reply(body=b"x" * 300_000)) as peer:
        answer = connect(peer).client.call_api("/x", "GET", stream=True)
        assert sum(map(len, answer.stream(1000))) == 300_000


@pytest.mark.parametrize(
    ("argument", "values", "kind"),
    [
        (
            "resource_path",
            ["x", "", "/x y", "/x#y", "/x\r\nX: y", "/é", "/x\0", "//\x7f"],
            ApiValueError,
        ),
        ("resource_path", [None, b"/x"], ApiTypeError),
        ("method", ["", "GET\r\nX: y", "G T"], ApiValueError),
        ("method", [None, b"GET"], ApiTypeError),
        ("headers", [{"X-A": 1}, {1: "a"}, [("a", "b")], 5, ""], ApiTypeError),
        ("body", [{}, 1, ["a"]], ApiTypeError),
        ("body", ["a\ud800"], ApiValueError),
        (
            "fields",
            [5, ["ab"], {"ab": "cd"}, [("a",)], [("a", 1)], [("a", "b", "c")]],
            ApiTypeError,
        ),
        ("fields", [[("a", "\ud800")], [("\ud800", "a")]], ApiValueError),
        ("auth_settings", [5, "bearerAuth", {"bearerAuth"}, [5], [["a"]]], ApiTypeError),
        ("auth_settings", [["nope"], ["bearerAuth", ""]], ApiValueError),
        ("stream", [1, None], ApiTypeError),
        ("timeout", ["1", True], ApiTypeError),
        ("timeout", [0, (1, -1)], ApiValueError),
        ("host", ["ftp://one", "", "http://me:secret@one"], ApiValueError),
        ("host", [1], ApiTypeError),
        ("idempotency_key", ["", "é", "a\n"], ApiValueError),
        ("idempotency_key", [1], ApiTypeError),
    ],
)
@pytest.mark.parametrize("async_req", [None, True])
def test_call_api_refuses_wrong_arguments(connect, argument, values, kind, async_req):
    """Before a byte is sent; in a thread, at the latest where its result is asked for."""
    with Peer() as peer:
        client = connect(peer).client

        def ask(**arguments):
            given = client.call_api(**arguments, async_req=async_req)
            given.get(20)

        for value in values:
            arguments = {"resource_path": "/x", "method": "POST", argument: value}
            with pytest.raises(kind, match=rf"^{argument}.*: expected .") as caught:
                ask(**arguments)
            assert type(caught.value) is kind
            assert "secret" not in str(caught.value)
        assert peer.connections == 0


def test_call_api_takes_a_body_or_a_form(connect):
    with Peer() as peer:
        with pytest.raises(ApiValueError, match=r"^fields: expected None beside a body"):
            connect(peer).client.call_api("/x", "POST", body=b"", fields=[])
        assert peer.connections == 0


def test_call_api_runs_in_threads_of_the_client():
    """`pool_threads` at once; the failure of a call is raised where its result is asked for."""

    def crowd(talk, request):
        talk.peer.wait(lambda: talk.peer.connections >= 3)
        echo(talk, request)

    before = set(threading.enumerate())
    with Peer(crowd) as peer, ApiClient(Configuration(peer.url), pool_threads=3) as client:
        pending = [
            client.call_api("/x", "POST", async_req=True, idempotency_key=f"key {n}")
            for n in range(9)
        ]
        answers = [json.loads(result.get(20).data)["pipelineRunId"] for result in pending]
        client.configuration.host = "http://127.0.0.1:1"
        client.configuration.retries = 0
        failed = client.call_api("/x", "POST", async_req=True)
        with pytest.raises(ApiConnectionException):
            failed.get(20)
    assert answers == [f"key {n}" for n in range(9)]
    assert not [
        t for t in set(threading.enumerate()) - before if "Pool" in type(t).__name__ + t.name
    ]


# Answers.


def answering(connect, step, **settings):
    """The answer, or the exception, of one call."""
    with Peer(step) as peer:
        caller = connect(peer, **{"retries": 0} | settings)
        try:
            return caller.post()
        except ApiException as error:
            return error


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=UTF8",
        'application/json; charset="utf-8"',
        'Application/JSON ;\tCharset = "UTF-8"',
        "application/json; charset=utf-8; profile=a",
        'application/json; profile="a;b\\"; charset=latin-1"; charset=utf-8',
        "application/json;",
        "application/json; odd",
    ],
)
def test_media_types_match_by_meaning(connect, content_type):
    answer = answering(connect, reply(content_type=content_type))
    assert type(answer) is ApiResponseFor200
    assert type(answer.body) is PipelineRunResponse
    assert answer.body.pipeline_run_id == "run"
    assert answer.headers is unset
    assert json.loads(answer.response.data) == answer.body


def test_answers_of_ever_new_media_types_are_read(connect):
    """What is remembered of media types is bounded, and not needed."""
    steps = [reply(content_type=f"application/json; n={number}") for number in range(200)]
    with Peer(*steps) as peer:
        caller = connect(peer)
        for _ in steps:
            assert caller.post().body == {"pipelineRunId": "run"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/problem+json",
        "json",
        "*/*",
        ";",
        "",
        None,
    ],
)
def test_other_media_type_of_a_stored_run_keeps_the_proof(connect, content_type):
    data = b'{"pipelineRunId": "run"}'
    head = head_of(200, None, [("Content-Type", content_type), ("Content-Length", len(data))])
    error = answering(connect, raw(head + data))
    assert type(error) is ApiResponseException
    assert (error.status, error.body, error.tries) == (200, data, 1)
    assert type(error.api_response) is ApiResponseWithoutDeserialization
    assert error.api_response.response.data == data
    assert re.search(r"expected application/json.*, got .", str(error))


DEEP = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": 1}{}', "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"a": "\xff"}', "not JSON in UTF-8"),
        ('{"a": "é"}'.encode("latin-1"), "not JSON in UTF-8"),
        ('{"a": "é"}'.encode("utf-16"), "not JSON in UTF-8"),
        (DEEP, "deep"),
        (b'{"a": %s}' % (b"9" * 10_000), "."),
        (b"null", r"expected .*object.*None at \$"),
        (b"[]", r"expected .*object.* at \$"),
        (b'"run"', r"expected .*object.* at \$"),
        (b'{"pipelineRunId": 7}', r"expected a string, got int 7 at \$\.pipelineRunId"),
        (b'{"pipelineRunId": null}', r"expected a string, got None at \$\.pipelineRunId"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("stream", [True, False])
def test_unreadable_answer_of_a_stored_run_keeps_the_proof(connect, data, why, status, stream):
    with Peer(reply(status, data), echo) as peer:
        caller = connect(peer)
        error = caller.fail(ApiResponseException, stream=stream)
        assert caller.works()
    assert (error.status, error.body) == (status, data)
    assert error.api_response.response.data == data
    assert type(error.api_response) is ApiResponseWithoutDeserialization
    assert re.search(why, str(error))
    assert len(str(error)) < 2000
    assert error.idempotency_key == peer.requests[0]["Idempotency-Key"]


def test_empty_success_is_an_exception_of_its_status(connect):
    error = answering(connect, raw(head_of(204)))
    assert type(error) is ApiResponseException
    assert (error.status, error.body) == (204, b"")
    assert error.api_response.response.status == 204


@pytest.mark.parametrize("status", [201, 202, 299])
def test_undocumented_success_reads_as_the_documented_one(connect, status):
    answer = answering(connect, reply(status, {"pipelineRunId": "run"}))
    assert type(answer) is ApiResponseFor200
    assert answer.response.status == status
    assert answer.body["pipelineRunId"] == "run"


def test_answer_is_read_by_wire_names_and_keeps_the_rest(connect):
    answer = answering(connect, reply(body={"pipeline_run_id": "x", "more": [{"a": None}]}))
    assert answer.body.pipeline_run_id is unset
    assert answer.body == {"pipeline_run_id": "x", "more": ({"a": None},)}


FAMILIES = {
    300: RedirectException,
    302: RedirectException,
    304: RedirectException,
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    418: ClientException,
    429: TooManyRequestsException,
    499: ClientException,
    500: ServiceException,
    503: ServiceException,
    599: ServiceException,
    600: ApiException,
    999: ApiException,
}


@pytest.mark.parametrize(("status", "kind"), FAMILIES.items())
def test_status_outside_2xx_is_an_exception_of_its_family(connect, status, kind):
    """The server's words are kept whatever their media type, and shown."""
    words = b"" if status == 304 else b"no \xe2\x9c\x93"
    error = answering(
        connect, reply(status, words, {"X-A": "b"}, reason="Odd", content_type="text/odd")
    )
    documented = {400: ApiResponseFor400, 500: ApiResponseFor500}
    assert type(error) is kind
    assert (error.status, error.reason, error.body, error.tries) == (status, "Odd", words, 1)
    assert type(error.api_response) is documented.get(status, ApiResponseWithoutDeserialization)
    assert error.api_response.body is unset
    assert error.api_response.headers is unset
    assert error.api_response.response.status == status
    assert error.api_response.response.data == words
    assert error.headers["x-a"] == "b"
    assert str(error).startswith(f"({status}) Odd" + (": no ✓" if words else ""))


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("stream", [True, False])
def test_refusal_is_an_exception_however_it_was_asked_for(connect, skip, stream):
    with Peer(reply(400, b"no"), echo) as peer:
        caller = connect(peer)
        error = caller.fail(BadRequestException, skip_deserialization=skip, stream=stream)
        assert error.body == b"no"
        assert error.api_response.response.data == b"no"
        assert caller.works()
    assert peer.connections == 1


def test_exception_of_an_answer_is_pickled_whole(connect):
    error = answering(connect, reply(429, b"later", {"Retry-After": "7", "Set-Cookie": "a=b"}))
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(twin) is TooManyRequestsException
    assert str(twin) == str(error)
    assert twin.api_response.response is None
    for name in ("status", "reason", "body", "retry_after", "idempotency_key", "tries"):
        assert getattr(twin, name) == getattr(error, name)
    assert dict(twin.headers) == dict(error.headers)
    assert error.headers["Set-Cookie"] == "***"
    assert error.retry_after == 7
    assert len({error, twin}) == 2


# How answers are asked for.


def test_skipped_deserialization_gives_the_raw_answer(connect):
    with Peer(reply(202, b"no JSON", content_type="text/plain")) as peer:
        answer = connect(peer).post(skip_deserialization=True)
    assert type(answer) is ApiResponseWithoutDeserialization
    assert (answer.body, answer.headers) == (unset, unset)
    assert (answer.response.status, answer.response.data) == (202, b"no JSON")
    assert answer.response.headers["content-type"] == "text/plain"


def test_streamed_json_is_parsed_before_the_call_returns(connect):
    with Peer() as peer:
        answer = connect(peer).post(stream=True, idempotency_key="k")
    assert answer.body == {"pipelineRunId": "k"}


def test_streamed_raw_answer_is_read_when_asked_for(connect):
    with Peer(reply(body=b"x" * 500_000)) as peer:
        caller = connect(peer)
        with caller.post(stream=True, skip_deserialization=True) as answer:
            assert answer.response.read(10) == b"x" * 10
            assert sum(map(len, answer.response.stream(1000))) == 499_990
        assert caller.post(stream=True, skip_deserialization=True).response.read() == b"x" * 500_000
        assert peer.connections == 1


def test_leaving_the_block_frees_a_half_read_answer(connect):
    with Peer(reply(body=b"x" * 500_000), echo) as peer:
        caller = connect(peer, connection_pool_maxsize=1)
        with pytest.raises(ZeroDivisionError), caller.post(stream=True, skip_deserialization=True):
            raise ZeroDivisionError
        assert caller.works()


def test_response_classes_are_dataclasses(connect):
    answer = answering(connect, echo)
    for kind in (
        ApiResponse,
        ApiResponseFor200,
        ApiResponseFor400,
        ApiResponseFor500,
        ApiResponseWithoutDeserialization,
    ):
        assert dataclasses.is_dataclass(kind)
        fields = dataclasses.fields(kind)
        assert [field.name for field in fields] == ["response", "body", "headers"]
        assert kind(None).body is kind(None).headers is unset
        assert kind(response=1, body=2, headers=3).headers == 3
        with pytest.raises(TypeError):
            kind()
    changed = dataclasses.replace(answer, body=unset)
    assert (type(changed), changed.body, changed.response) == (
        ApiResponseFor200,
        unset,
        answer.response,
    )


@pytest.mark.parametrize("show", [repr, pprint.pformat])
def test_printed_answer_reads_well(connect, show):
    answer = answering(connect, reply(body={"pipelineRunId": "4b5f", "more": [1]}))
    shown = show(answer)
    assert shown.startswith("ApiResponseFor200(")
    for part in ("200", "pipelineRunId", "4b5f", "more"):
        assert part in shown
    assert not re.search(r"0x|object|unset", shown)
    bare = show(ApiResponseWithoutDeserialization(answer.response))
    assert bare == "ApiResponseWithoutDeserialization(status=200)"
    assert "3" in show(ApiResponse(None, unset, {"a": 3}))


# What goes wrong is said by an ApiException.


def test_closed_port_is_told_with_address_and_cause(connect):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = connect(f"http://127.0.0.1:{port}/api", retries=0).fail(ApiConnectionException)
    assert error.status == 0
    assert f"127.0.0.1:{port}" in str(error)
    assert "refused" in str(error)
    assert (error.api_response, error.headers, error.body, error.tries) == (None, None, b"", 0)
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert error.__cause__.__traceback__ is None


def test_wrong_token_is_told_with_the_remedy(connect):
    with gentrace.local.serve(token="right") as server:  # noqa: S106 - of the test
        error = connect(server.url).fail(UnauthorizedException)
        assert (error.status, error.tries) == (401, 1)
        assert re.search("access_token.*GENTRACE_API_KEY", str(error))
        assert TOKEN not in str(error)
        right = connect(server.url)
        right.configuration.access_token = "right"  # noqa: S105 - of the test
        assert right.post().body["pipelineRunId"]


def test_wrong_path_is_told_with_the_remedy(connect):
    with gentrace.local.serve() as server:
        error = connect(server.url + "/more").fail(NotFoundException)
    assert "Configuration.host" in str(error)


CUT = head_of(200, None, [("Content-Type", "application/json"), ("Content-Length", 100)]) + b'{"a":'
CHUNKED = head_of(
    200, None, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
)
ZIPPED = head_of(
    200,
    None,
    [("Content-Type", "application/json"), ("Content-Encoding", "gzip"), ("Content-Length", 5)],
)
FAULTS = {
    "cut short": raw(CUT),
    "chunk cut short": raw(CHUNKED + b"50\r\nabc"),
    "no chunk": raw(CHUNKED + b"zz\r\n"),
    "not gzip": raw(ZIPPED + b"abcde"),
}


@pytest.mark.parametrize(
    "step", [close, reset, raw(b"\0" * 100), raw(b"HTTP/1.1 ok\r\n\r\n"), *FAULTS.values()]
)
def test_no_foreign_exception_leaves_a_call(connect, step):
    with Peer(step) as peer:
        caller = connect(peer, retries=0)
        for attempt in (
            caller.post,
            lambda: caller.post(stream=True),
            lambda: caller.post(skip_deserialization=True),
            lambda: caller.client.call_api("/x", "GET"),
        ):
            with pytest.raises(ApiException) as caught:
                attempt()
            assert (caught.value.status, caught.value.tries) in {(0, 1), (200, 1)}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "read",
    [
        lambda r: r.read(),
        lambda r: r.read(1000),
        lambda r: [r.read1() for _ in range(9)],
        lambda r: r.data,
        lambda r: r.json(),
        lambda r: list(r.stream(7)),
        list,
        lambda r: r.readinto(bytearray(1000)) and r.readinto(bytearray(1000)),
        lambda r: list(r.read_chunked()) if r.chunked else r.read(),
        lambda r: r.readline() and r.readlines(),
    ],
    ids=[
        "read",
        "read n",
        "read1",
        "data",
        "json",
        "stream",
        "lines",
        "readinto",
        "chunks",
        "readline",
    ],
)
def test_no_foreign_exception_leaves_a_raw_answer(connect, fault, read):
    """However it is read; and what it leaves behind does not touch the next call."""
    with Peer(FAULTS[fault], echo) as peer:
        caller = connect(peer)
        with pytest.raises(ApiException):
            read(caller.raw())
        assert caller.works()


def test_raw_answer_that_is_no_json_says_so(connect):
    with Peer(reply(body=b"no JSON")) as peer:
        with pytest.raises(ApiException, match="not JSON") as caught:
            connect(peer).raw().json()
        assert (caught.value.status, caught.value.body) == (200, b"no JSON")
        assert connect(peer).post(skip_deserialization=True).response.data == b"no JSON"


# What operations are declared with.


def call(connect, parameters, arguments, path="/runs", **settings):
    """The request of an operation that has these parameters."""
    operation = Operation(
        "runs_get",
        "GET",
        path,
        tag="Runs",
        summary="Get runs",
        responses={200: OpenApiResponse(ApiResponse, "runs")},
        parameters=parameters,
    )
    with Peer() as peer:
        answer = connect(peer, **settings).client.call(operation, arguments=arguments)
        assert (answer.body, answer.response.status) == (unset, 200)
    (request,) = peer.requests
    assert request["Accept"] in {None, "*/*"}
    return request


VALUES = {
    "text": (STRING, "a b/c,d;é%25~"),
    "number": (INTEGER, 7),
    "list": (ArraySchema(STRING), ["a,b", "c d", "é"]),
    "one": (ArraySchema(INTEGER), [7]),
    "none": (ArraySchema(STRING), []),
    "object": (FREE_OBJECT, {"a b": "c,d", "e": True, "f": 1.5}),
}


@pytest.mark.parametrize(
    ("kind", "explode", "path"),
    [
        ("text", False, "a%20b%2Fc%2Cd%3B%C3%A9%2525~"),
        ("number", True, "7"),
        ("list", False, "a%2Cb,c%20d,%C3%A9"),
        ("list", True, "a%2Cb,c%20d,%C3%A9"),
        ("one", False, "7"),
        ("object", False, "a%20b,c%2Cd,e,true,f,1.5"),
        ("object", True, "a%20b=c%2Cd,e=true,f=1.5"),
    ],
)
def test_path_parameter_is_of_simple_style(connect, kind, explode, path):
    schema, value = VALUES[kind]
    parameter = PathParameter("id", schema, required=True, explode=explode)
    request = call(connect, [parameter], {"id": value}, path="/runs/{id}/steps")
    assert request.target == f"/api/v1/runs/{path}/steps"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_parameter_never_makes_another_path(connect, value):
    with pytest.raises(ApiValueError, match=r"^id: expected "):
        call(
            connect, [PathParameter("id", STRING, required=True)], {"id": value}, path="/runs/{id}"
        )


@pytest.mark.parametrize(
    ("kind", "explode", "query"),
    [
        ("text", True, "?q=a%20b%2Fc%2Cd%3B%C3%A9%2525~"),
        ("number", False, "?q=7"),
        ("list", True, "?q=a%2Cb&q=c%20d&q=%C3%A9"),
        ("list", False, "?q=a%2Cb,c%20d,%C3%A9"),
        ("none", True, ""),
        ("none", False, ""),
        ("object", True, "?a%20b=c%2Cd&e=true&f=1.5"),
        ("object", False, "?q=a%20b,c%2Cd,e,true,f,1.5"),
    ],
)
def test_query_parameter_is_of_form_style(connect, kind, explode, query):
    schema, value = VALUES[kind]
    request = call(connect, [QueryParameter("q", schema, explode=explode)], {"q": value})
    assert request.target == f"/api/v1/runs{query}"


def test_query_parameter_is_exploded_unless_told_otherwise():
    assert QueryParameter("q", STRING).explode
    assert not PathParameter("q", STRING).explode
    assert not HeaderParameter("q", STRING).explode


@pytest.mark.parametrize(
    ("kind", "explode", "value"),
    [
        ("number", False, "7"),
        ("one", False, "7"),
        ("object", False, "a b,c,d,e,true,f,1.5"),
        ("object", True, "a b=c,d,e=true,f=1.5"),
    ],
)
def test_header_parameter_is_of_simple_style(connect, kind, explode, value):
    schema, given = VALUES[kind]
    request = call(connect, [HeaderParameter("X-A", schema, explode=explode)], {"X-A": given})
    assert request["X-A"] == value


@pytest.mark.parametrize("name", [*RESERVED, "host", "a b", ""])
def test_header_parameter_of_a_name_that_cannot_be_sent_is_refused(name):
    with pytest.raises(ApiValueError, match=r"^parameters.*: .+"):
        HeaderParameter(name, STRING)


def test_header_parameter_has_one_spelling_on_the_wire(connect):
    parameters = [HeaderParameter("X-A", STRING), HeaderParameter("x-a", STRING)]
    request = call(connect, parameters, {"X-A": "1", "x-a": "2"})
    assert request.all("X-A") == ["2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["q"], r"^arguments: expected a mapping of parameters by name, got list"),
        ("q", r"^arguments: expected a mapping of parameters by name, got str"),
        ({"limitt": 5}, r"^arguments: runs_get has no 'limitt': did you mean 'limit'\?$"),
        ({"limit": 5, "xyzzy": unset}, r"^arguments: runs_get has no 'xyzzy'$"),
        ({1: 5}, r"^arguments: runs_get has no 1$"),
    ],
)
def test_arguments_that_are_no_parameters_are_refused(connect, arguments, message):
    with pytest.raises(ApiTypeError, match=message):
        call(connect, [QueryParameter("limit", INTEGER)], arguments)


def test_path_that_cannot_be_sent_is_refused(connect):
    with pytest.raises(ApiValueError, match=r"^resource_path: expected an escaped path"):
        call(connect, [], None, path="/runs of mine")


def test_parameters_that_are_not_given_are_left_out(connect):
    parameters = [QueryParameter("q", STRING), HeaderParameter("X-A", STRING)]
    for arguments in (None, {}, {"q": unset}):
        request = call(connect, parameters, arguments)
        assert request.target == "/api/v1/runs"
        assert request["X-A"] is None


@pytest.mark.parametrize("kind", [PathParameter, QueryParameter, HeaderParameter])
def test_wrong_parameter_is_refused_by_name(connect, kind):
    with pytest.raises(ApiTypeError, match=r"^q: expected a value, got none"):
        call(connect, [kind("q", STRING, required=True)], {})
    with pytest.raises(ApiTypeError, match=r"expected an integer, got str '7' at \$\.q") as caught:
        call(connect, [kind("q", INTEGER)], {"q": "7"})
    assert caught.value.path_to_item == ("q",)


@pytest.mark.parametrize("text", BAD_TEXT)
def test_header_parameter_cannot_break_the_head(connect, text):
    with pytest.raises(ApiValueError, match=r"^X-A: expected "):
        call(connect, [HeaderParameter("X-A", STRING)], {"X-A": text})


def declare(**responses_and_body):
    return Operation("op", "POST", "/x", tag="T", summary="S", **responses_and_body)


def test_operation_without_a_body_refuses_one(connect):
    operation = declare(responses={204: OpenApiResponse(ApiResponse, "done")})
    with Peer(raw(head_of(204))) as peer:
        client = connect(peer).client
        with pytest.raises(ApiTypeError, match=r"^body: expected none"):
            client.call(operation, body={})
        assert client.call(operation).body is unset
    assert peer.requests[0]["Content-Length"] in {None, "0"}
    assert peer.requests[0]["Content-Type"] is None


def test_optional_body_may_be_left_out(connect):
    operation = declare(
        responses={200: OpenApiResponse(ApiResponse, "done")},
        body=RequestBody({"application/json": FREE_OBJECT}, "anything", required=False),
    )
    with Peer() as peer:
        client = connect(peer).client
        client.call(operation)
        client.call(operation, body={})
    assert [(request.body, request["Content-Type"]) for request in peer.requests] == [
        (b"", None),
        (b"{}", "application/json"),
    ]


def test_refusal_with_a_documented_body_is_deserialized(connect):
    """Unless it is not as documented: then the status matters more."""
    problem = OpenApiResponse(ApiResponseFor400, "no", {"application/json": FREE_OBJECT})
    operation = declare(responses={200: OpenApiResponse(ApiResponse, "done"), 400: problem})
    with Peer(
        reply(400, {"why": "x"}), reply(400, b"<html>"), reply(400, content_type="a/b")
    ) as peer:
        client = connect(peer).client
        for body in ({"why": "x"}, unset, unset):
            with pytest.raises(BadRequestException) as caught:
                client.call(operation)
            assert caught.value.api_response.body == body


def test_binary_answer_is_bytes_or_a_file(connect, tmp_path):
    binary = OpenApiResponse(ApiResponse, "a file", {"application/octet-stream": None})
    operation = declare(responses={200: binary})
    disposition = {"Content-Disposition": 'attachment; filename="../../evil"'}
    with Peer(
        reply(body=b"\0\xff", headers=disposition, content_type="application/octet-stream")
    ) as peer:
        client = connect(peer, temp_folder_path=tmp_path).client
        assert client.call(operation).body == b"\0\xff"
        with client.call(operation, stream=True).body as file:
            assert type(file) is gentrace.schemas.FileSchema
            assert file.read() == b"\0\xff"
        (path,) = tmp_path.iterdir()
        assert str(path) == file.name
        assert path.stat().st_mode & 0o777 == 0o600
    assert peer.requests[0]["Accept"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("text", "json_like"),
    [
        ("application/json", True),
        ("application/problem+json; charset=utf-8", True),
        ("text/json-lines", False),
        ("application/octet-stream", False),
    ],
)
def test_media_type_knows_what_is_json(text, json_like):
    assert MediaType(text).is_json == json_like


def test_media_type_includes_what_has_its_parameters():
    assert MediaType("a/b; x=1").includes(MediaType('A/B; y=2; X="1"'))
    assert not MediaType("a/b; x=1").includes(MediaType("a/b; x=2"))
    assert not MediaType("a/b; x=1").includes(MediaType("a/b"))
    assert not MediaType("a/b; charset=latin-1").includes(MediaType("a/b"))


def test_transport_of_another_process_is_forgotten(connect):
    """As in a child after a fork, which `test_process` looks at from outside."""
    with Peer() as peer:
        caller = connect(peer)
        assert caller.works()
        parents = caller.client._rest_clients
        parents[-1] = parents.pop(os.getpid())
        assert caller.works()
        assert list(caller.client._rest_clients) == [os.getpid()]
        assert peer.connections == 2


def test_key_without_a_certificate_is_refused(connect, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text("a key")
    with pytest.raises(ApiValueError, match="key_file: is of no use without cert_file"):
        connect("https://target.test", key_file=str(key)).post()
