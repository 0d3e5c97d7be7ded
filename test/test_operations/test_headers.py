"""The header fields of a client, and of a call."""

import copy
import pprint
from enum import Enum

import pytest
from support.canary import CANARY, leaks
from support.header_fields import BAD_TEXT, RESERVED
from support.peers import Peer

import gentrace.local
from gentrace.api_client import (
    ApiClient,
)
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.configuration import Configuration
from gentrace.exceptions import (
    ApiTypeError,
    ApiValueError,
)


def names(request):
    return [name.lower() for name, _ in request.headers]


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


def test_default_headers_show_one_moment_to_whoever_looks_through_them():
    """Another thread may set some meanwhile."""
    headers = ApiClient(Configuration()).default_headers
    headers.update({"X-A": "1", "X-B": "2"})
    seen = []
    for look in (iter, type(headers).items, type(headers).values):
        for field in look(headers):
            seen.append(field)
            headers[f"X-{len(headers)}"] = "3"
            headers.pop("X-B", None)
        headers.clear()
        headers.update({"X-A": "1", "X-B": "2"})
    assert seen == ["X-A", "X-B", ("X-A", "1"), ("X-B", "2"), "1", "2"]


@pytest.mark.parametrize("make_twin", [copy.copy, copy.deepcopy])
def test_copied_default_headers_are_apart(make_twin):
    headers = ApiClient(Configuration()).default_headers
    headers["X-A"] = "1"
    twin = make_twin(headers)
    twin["X-B"] = "2"
    assert (dict(headers), dict(twin)) == ({"X-A": "1"}, {"X-A": "1", "X-B": "2"})


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


@pytest.mark.parametrize("value", [1, b"a", None, ["X-A"], {"X-A": "a"}])
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
