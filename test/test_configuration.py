"""Each setting acts, from the next call on also when it is changed later, or is refused."""

import contextlib
import copy
import os
import pickle
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from unittest.mock import patch

import pytest
import urllib3
from support import peers
from support.caller import RUN, TOKEN
from support.canary import CANARY, leaks
from support.peers import Peer, echo, proxy, reply, stall

import gentrace
from gentrace.api_client import ApiClient, OpenApiResponse, Operation, PathParameter
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.configuration import SETTINGS, Configuration
from gentrace.exceptions import (
    ApiAttributeError,
    ApiException,
    ApiResponseTooLargeException,
    ApiTimeoutException,
    ApiTypeError,
    ApiValueError,
    InsecureTransportWarning,
    ServiceException,
)
from gentrace.schemas import STRING

DATELESS = {"name": "answer-question", "stepRuns": [{"startTime": "yesterday"}]}
NAMELESS = {"stepRuns": []}
DOCUMENTED = "https://gentrace.ai/api/v1"


@pytest.fixture
def default():
    """The default configuration is none before and after."""
    Configuration.set_default(None)
    yield Configuration.set_default
    Configuration.set_default(None)


def download(caller, path="/runs/{id}", **arguments):
    """Call an operation whose answer is a file, and which has a path parameter."""
    operation = Operation(
        "run_get",
        "GET",
        path,
        tag="Ingestion",
        summary="Get a run",
        responses={
            200: OpenApiResponse(gentrace.ApiResponse, "a run", {"application/octet-stream": None})
        },
        parameters=[PathParameter("id", STRING, required=True)],
    )
    return caller.client.call(operation, arguments={"id": "a/b c"}, **arguments)


# What is kept and what is refused.


class Path(os.PathLike):
    """A path that is none."""

    def __init__(self, path):
        self.path = path

    def __repr__(self):
        return f"Path({self.path!r})"

    def __fspath__(self):
        if self.path is None:
            raise RuntimeError
        return self.path


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

KEPT = {
    "host": [
        ("https://gentrace.ai/api/v1/", DOCUMENTED),
        ("http://[::1]:8371", "http://[::1]:8371"),
        ("http://[::ffff:1.2.3.4]", "http://[::ffff:1.2.3.4]"),
        ("http://a_b.example.:1/%7Ea;b=1", "http://a_b.example.:1/%7Ea;b=1"),
        (f"http://{'a.' * 126}a", f"http://{'a.' * 126}a"),
        ("http://xn--bcher-kva.example", "http://xn--bcher-kva.example"),
    ],
    "access_token": [("a b", "a b"), ("é~!", "é~!"), (None, None)],
    "server_index": [(0, 0), (None, None)],
    "server_variables": [({}, {}), (None, {})],
    "server_operation_index": [({"pipeline_run_post": 0}, {"pipeline_run_post": 0}), (None, {})],
    "server_operation_variables": [({"op": {}}, {"op": {}}), (None, {})],
    "disabled_client_side_validations": [
        ("format, required,", {"format", "required"}),
        (frozenset({"format"}), {"format"}),
        ("", set()),
    ],
    "timeout": [(1, 1), (0.5, 0.5), ([1, 2], (1, 2)), ((1, 2, 3.5), (1, 2, 3.5))],
    "retries": [(None, None), (False, False), (0, 0), (7, 7)],
    "max_response_body": [(1, 1)],
    "connection_pool_maxsize": [(1, 1)],
    "verify_ssl": [(True, True), (False, False)],
    "ssl_ca_cert": [(PEM, PEM), (PEM.encode(), PEM), (None, None), (os.devnull, os.devnull)],
    "cert_file": [(__file__, __file__), (None, None)],
    "key_file": [(__file__, __file__), (None, None)],
    "assert_hostname": [("a.example", "a.example"), (None, None), (False, False)],
    "json_encoder": [("auto", "auto"), ("json", "json")],
    "tls_server_name": [("a.example", "a.example"), ("::1", "::1"), (None, None)],
    "proxy": [
        ("socks5h://me:pw@127.0.0.1:1", "socks5h://me:pw@127.0.0.1:1"),
        ("", ""),
        (None, None),
    ],
    "proxy_headers": [({"X-A": "b"}, {"X-A": "b"}), (None, None)],
    "socket_options": [([[1, 2, 3]], ((1, 2, 3),)), ((), ()), (None, None)],
    "safe_chars_for_path_param": [("/", "/"), ("Az09-._~!$&'()*+,;=:@/", "Az09-._~!$&'()*+,;=:@/")],
    "temp_folder_path": [(os.curdir, os.curdir), (None, None)],
    "pickle_token": [(True, True)],
}
ELSEWHERE = {"debug", "logger_file", "logger_format"}
"""Settings of test_logs."""

REFUSED = {
    "host": {
        ApiTypeError: [None, 1, b"https://gentrace.ai"],
        ApiValueError: [
            "",
            "gentrace.ai",
            "//gentrace.ai",
            "ftp://gentrace.ai",
            "https://",
            "https:///api",
            "https://:443",
            "http://host:",
            "http://host:0",
            "http://host:65536",
            "http://host:-1",
            "http://host:+80",
            "http://host:\uff18\uff10",
            "http://host:http",
            "http://ho st",
            " http://host",
            "http://host ",
            "http://host/a b",
            "http://host/\r\nX-Evil: 1",
            "http://host\0",
            "http://host\x7f",
            "http://büch.er",
            "http://user@host",
            "http://user:secret@host",
            "http://host\\@other",
            "http://host?a=b",
            "http://host/#a",
            "http://[::1",
            "http://::1",
            "http://[::g]",
            "http://[fe80::1%25eth0]",
            "http://[fe80::1%eth0]",
            "http://ho%73t",
            "http://a..b",
            "http://.",
            f"http://{'a' * 64}.example",
            f"http://{'a.' * 127}a",
            "http://[::1]x.example",
            "http://[::1]x:1",
            "http://[v1.x]",
            "http://[1.2.3.4]",
            "http://[]",
            "http://a\\b.example",
            "http://a|b",
            "http://a<b>",
            "http://h{x}",
            "http://foo;bar",
            "http://*",
            "http://h,h2",
            "http://h:080",
            "http://h:1:2",
            "http://h/%zz",
            "http://h/{id}",
            "http://h/a\\b",
        ],
    },
    "access_token": {
        ApiTypeError: [1, b"secret", ["secret"]],
        ApiValueError: [
            "",
            " secret",
            "secret ",
            "sec\nret",
            "sec\r\nX: 1",
            "sec\0ret",
            "€",
            "\x85",
            "\x7f",
        ],
    },
    "server_index": {ApiTypeError: ["0", True, 0.0], ApiValueError: [-1, 1]},
    "server_variables": {
        ApiTypeError: ["a", 1, {"a": 1}, {1: "a"}, [("a", "b")], dict],
        ApiValueError: [{"region": "eu"}],
    },
    "server_operation_index": {
        ApiTypeError: ["pipeline_run_post", {"pipeline_run_post": "0"}, {1: 0}],
        ApiValueError: [{"pipeline_run_post": 1}],
    },
    "server_operation_variables": {ApiTypeError: [1, {"op": "a"}, {"op": {"a": 1}}]},
    "disabled_client_side_validations": {
        ApiTypeError: [None, 0, ["format"]],
        ApiValueError: ["formats", "format required", "type", frozenset({1})],
    },
    "timeout": {
        ApiTypeError: [None, "1", True, (1,), (1, 2, 3, 4), (1, "2"), (True, 1), [], {}, 1j],
        ApiValueError: [
            0,
            -1,
            0.0,
            float("nan"),
            float("inf"),
            (1, 0),
            (1, 2, -3),
            (float("nan"), 1),
        ],
    },
    "retries": {
        ApiTypeError: [True, "1", 1.0, urllib3.Timeout(), urllib3.Retry],
        ApiValueError: [-1],
    },
    "max_response_body": {ApiTypeError: [None, "1", 1.0, True], ApiValueError: [0, -1]},
    "connection_pool_maxsize": {ApiTypeError: [None, "1", 1.0, True], ApiValueError: [0, -1]},
    "verify_ssl": {ApiTypeError: [None, 0, "false"]},
    "ssl_ca_cert": {ApiTypeError: [1], ApiValueError: ["", "/no/such/file", b"/no/such\0"]},
    "cert_file": {ApiTypeError: [1, True], ApiValueError: ["", "/no/such/file", os.curdir, "a\0"]},
    "key_file": {ApiTypeError: [1, b"key"], ApiValueError: ["", "/no/such/file", os.curdir, "a\0"]},
    "assert_hostname": {ApiTypeError: [1, b"a", True], ApiValueError: [""]},
    "json_encoder": {ApiTypeError: [None, 1], ApiValueError: ["", "orjson"]},
    "tls_server_name": {
        ApiTypeError: [1, b"a"],
        ApiValueError: ["", "a b", "a..b", ":", "::1%lo", "[::1]", f"{'a.' * 127}a"],
    },
    "proxy": {
        ApiTypeError: [1, b"http://proxy", True],
        ApiValueError: [
            "proxy:8080",
            "ftp://proxy",
            "http://",
            "http://proxy:0",
            "http://pro xy",
            "http://proxy\n",
            "http://me:secret@a|b",
        ],
    },
    "proxy_headers": {
        ApiTypeError: [1, "a: b", {"X-A": 1}, {1: "a"}, [("X-A", "b")], dict],
        ApiValueError: [
            {"X A": "b"},
            {"": "b"},
            {"X:": "b"},
            {"X-A": "b\r\nX-B: c"},
            {"X-Ä": "b"},
            {"X-A": "€"},
        ],
    },
    "socket_options": {ApiTypeError: [1, "abc", [1], [(1, 2)], [(1, 2, 3, 4, 5)]]},
    "safe_chars_for_path_param": {
        ApiTypeError: [None, b"/"],
        ApiValueError: ["\r", "\n", " ", "é", "?", "#", "%", "[", "/\n"],
    },
    "temp_folder_path": {
        ApiTypeError: [1, b"/tmp"],
        ApiValueError: ["", "/no/such/folder", __file__, "a\0", "\ud800", Path(5), Path(None)],
    },
    "pickle_token": {ApiTypeError: [None, 1, "yes"]},
}


def flat(table):
    return [
        pytest.param(name, *row, id=f"{name}-{row[0]!a:.40}")
        for name, rows in table.items()
        for row in rows
    ]


def test_every_setting_has_rows_below():
    assert set(KEPT) | ELSEWHERE == set(SETTINGS)
    assert set(REFUSED) | ELSEWHERE == set(SETTINGS)


@pytest.mark.parametrize(("name", "given", "kept"), flat(KEPT))
def test_setting_is_kept_given_or_assigned(name, given, kept):
    given_one, assigned_one = Configuration(**{name: given}), Configuration()
    setattr(assigned_one, name, given)
    assert getattr(given_one, name) == kept
    assert getattr(assigned_one, name) == kept


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    flat({n: [(v, k) for k, vs in kinds.items() for v in vs] for n, kinds in REFUSED.items()}),
)
def test_setting_that_cannot_work_is_refused_where_it_is_set(name, value, kind):
    """The error names the setting and what is expected; the old value stays."""
    configuration = Configuration()
    before = getattr(configuration, name)
    with pytest.raises(kind) as caught:
        setattr(configuration, name, value)
    assert re.match(rf"{name}(\[.+\])?: expected .", str(caught.value))
    assert type(caught.value) is kind
    assert caught.value.path_to_item is None
    assert "secret" not in str(caught.value)
    assert getattr(configuration, name) == before
    if value is not None:
        with pytest.raises(kind):
            Configuration(**{name: value})


class Key(str, Enum):  # noqa: UP042 - a StrEnum prints as its value
    """Texts that print as the names of Enums."""

    TOKEN = "sk-prod"  # noqa: S105 - of nobody
    HOST = "https://one.example/"
    NAME = "X-A"
    KEYWORD = "format"


class Liar(str):
    """Text that says to be another, whoever asks."""

    __slots__ = ()

    def __str__(self):
        return "X-Evil"

    def __iter__(self):
        return iter("fine")

    def strip(self, *_):
        return self


def test_text_of_an_enum_is_its_value():
    configuration = Configuration(
        Key.HOST,
        Key.TOKEN,
        proxy=Key.HOST,
        proxy_headers={Key.NAME: Key.TOKEN},
        tls_server_name=Key.TOKEN,
        assert_hostname=Key.TOKEN,
        disabled_client_side_validations=Key.KEYWORD,
        temp_folder_path=Enum("Folder", {"HERE": os.curdir}, type=str).HERE,
    )
    assert configuration.auth_settings()["bearerAuth"]["value"] == "Bearer sk-prod"
    assert configuration.host == "https://one.example"
    assert {**configuration.proxy_headers} == {"X-A": "sk-prod"}
    for name in ("host", "tls_server_name", "assert_hostname", "temp_folder_path"):
        assert type(getattr(configuration, name)) is str
    assert str(configuration.proxy) == "https://one.example"
    assert configuration.disabled_client_side_validations == {"format"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", Liar("a\r\nX-Evil: 1")),
        ("host", Liar("http://a\r\nX-Evil: 1")),
        ("proxy_headers", {Liar("X-A\r\nX-Evil"): "1"}),
        ("tls_server_name", Liar("a b")),
        ("safe_chars_for_path_param", Liar("\r\n")),
        ("temp_folder_path", Liar("a\0")),
    ],
)
def test_text_that_lies_is_refused_for_what_it_holds(name, value):
    with pytest.raises(ApiValueError, match=rf"^{name}: expected"):
        Configuration(**{name: value})


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "sk-pass-word"},
        {"host": b"http://me:pass-word@one"},
        {"proxy": b"http://me:pass-word@one"},
        {"proxy_headers": "Proxy-Authorization: Basic pass-word"},
        {"proxy_headers": [("Proxy-Authorization", "pass-word")]},
        {"proxy_headers": {"Proxy-Authorization: pass-word": "1"}},
        {"access_token": ("pass-word",)},
    ],
)
def test_refusal_does_not_repeat_what_may_be_a_secret(settings):
    with pytest.raises((ApiTypeError, ApiValueError)) as caught:
        Configuration(**settings)
    assert "pass-word" not in str(caught.value)


def test_token_in_place_of_the_host_is_told_where_it_belongs():
    with pytest.raises(ApiValueError, match=r"^host: expected .* access_token$") as caught:
        Configuration(CANARY)
    assert not leaks(str(caught.value))


def test_deleted_setting_is_the_environments_again(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "http://localhost:1")
    monkeypatch.setenv("GENTRACE_API_KEY", "of-the-environment")
    configuration = Configuration("http://localhost:2", "own")
    del configuration.host
    del configuration.access_token
    assert configuration.host == "http://localhost:1"
    assert configuration.access_token == "of-the-environment"  # noqa: S105 - of nobody


@pytest.mark.parametrize("name", ["changes", "lost", "no_such", "logger"])
def test_what_is_no_setting_cannot_be_deleted(name):
    configuration = Configuration()
    with pytest.raises(ApiAttributeError):
        delattr(configuration, name)
    configuration.timeout = 5


def test_deleted_setting_is_the_default_again():
    configuration = Configuration("https://one.example", "token", timeout=5, proxy="")
    configuration.disabled_client_side_validations = "format"
    changes = configuration.changes
    for name in SETTINGS:
        if name not in ELSEWHERE:
            delattr(configuration, name)
            assert getattr(configuration, name) == getattr(Configuration(), name)
    assert configuration.changes > changes
    with patch.object(configuration, "timeout", 7):
        assert configuration.timeout == 7
    assert configuration.timeout == Configuration().timeout


def test_loggers_cannot_be_set():
    with pytest.raises(ApiAttributeError, match=r"^Configuration.logger cannot be set: "):
        Configuration().logger = {}


@pytest.mark.parametrize("default", [5, {"host": DOCUMENTED}, DOCUMENTED, Configuration])
def test_default_of_another_type_is_refused(default):
    with pytest.raises(ApiTypeError, match=r"^default: expected a gentrace.Configuration or None"):
        Configuration.set_default(default)


@pytest.mark.parametrize("proxied", ["proxy", "host"])
@pytest.mark.parametrize("address", ["me:{}@proxy:80", "http://me:{}@proxy:x", "http://{}@pro xy"])
def test_refusal_of_an_address_does_not_repeat_its_password(proxied, address):
    with pytest.raises(ApiValueError) as caught:
        Configuration(**{proxied: address.format("pass-word")})
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    "token", [f"{CANARY}\n", f"{CANARY}\0", f" {CANARY}", f"{CANARY}€", CANARY.encode(), [CANARY]]
)
def test_refusal_of_a_token_does_not_repeat_it(token):
    with pytest.raises((ApiTypeError, ApiValueError)) as caught:
        Configuration(access_token=token)
    assert not leaks(repr(caught.value))


@pytest.mark.parametrize(
    ("misspelt", "hint"),
    [
        ("acces_token", "did you mean 'access_token'?"),
        ("ssl_ca_certs", "did you mean 'ssl_ca_cert'?"),
        ("time_out", "did you mean 'timeout'?"),
        ("loger", "did you mean 'logger'?"),
        ("xyzzy", "Configuration has no 'xyzzy'"),
    ],
)
def test_misspelt_attribute_is_an_error_that_suggests_the_right_one(misspelt, hint):
    configuration = Configuration()
    for attempt in (
        lambda: setattr(configuration, misspelt, 1),
        lambda: getattr(configuration, misspelt),
        lambda: Configuration(**{misspelt: 1}),
    ):
        with pytest.raises(ApiAttributeError, match=re.escape(hint)):
            attempt()
    assert not hasattr(configuration, misspelt)


def test_every_setting_describes_itself():
    for name, setting in SETTINGS.items():
        assert getattr(Configuration, name) is setting
        assert setting.description.endswith(".")


def test_environment_stands_below_arguments(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:1/env")
    monkeypatch.setenv("GENTRACE_API_KEY", "from-env")
    configuration = Configuration()
    assert (configuration.host, configuration.access_token) == (
        "http://127.0.0.1:1/env",
        "from-env",
    )
    given = Configuration("http://127.0.0.1:2", "given")
    assert (given.host, given.access_token) == ("http://127.0.0.1:2", "given")
    assert Configuration(server_index=0).host == DOCUMENTED
    configuration.access_token = None
    assert configuration.access_token is None
    for nothing, kind in (("", ApiValueError), (False, ApiTypeError)):
        with pytest.raises(kind, match=r"^access_token: expected"):
            Configuration(access_token=nothing)


def test_empty_environment_is_none(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "")
    monkeypatch.setenv("GENTRACE_API_KEY", "")
    configuration = Configuration()
    assert (configuration.host, configuration.access_token) == (DOCUMENTED, None)


@pytest.mark.parametrize(
    ("variable", "value"), [("GENTRACE_HOST", "ftp://x"), ("GENTRACE_API_KEY", f"{CANARY}\n")]
)
def test_unusable_environment_is_refused(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(
        ApiValueError, match=f"^environment variable {variable}: expected"
    ) as caught:
        Configuration()
    assert not leaks(str(caught.value))


# Servers.

SERVERS = [
    {"url": "https://one.example/v1", "description": "One."},
    {
        "url": "https://{region}.example:{port}/v1",
        "description": "Two.",
        "variables": {
            "region": {"default_value": "eu", "enum_values": ["eu", "us"]},
            "port": {"default_value": "443"},
        },
    },
]


def test_servers_are_the_documents():
    assert Configuration().get_host_settings() == [
        {"url": DOCUMENTED, "description": "The hosted Gentrace API."}
    ]
    Configuration().get_host_settings()[0]["url"] = "http://changed.example"
    assert Configuration().get_host_settings()[0]["url"] == DOCUMENTED


@pytest.mark.parametrize(
    ("index", "variables", "url"),
    [
        (None, None, "https://set.example"),
        (0, None, "https://one.example/v1"),
        (1, None, "https://eu.example:443/v1"),
        (1, {}, "https://eu.example:443/v1"),
        (1, {"region": "us", "port": "8443"}, "https://us.example:8443/v1"),
    ],
)
def test_host_follows_from_servers_and_variables(index, variables, url):
    configuration = Configuration(host="https://set.example")
    assert configuration.get_host_from_settings(index, variables, SERVERS) == url


@pytest.mark.parametrize(
    ("index", "variables", "message"),
    [
        (2, None, "server_index: expected the index of one of 2 servers, got int 2"),
        (-1, None, "server_index: expected the index of one of 2 servers, got int -1"),
        (1, {"region": "mars"}, r"server_variables\['region'\]: expected one of \['eu', 'us'\]"),
        (1, {"planet": "mars"}, r"server_variables: expected .*'port', 'region'.*'planet'"),
        (0, {"region": "eu"}, "server_variables: expected .*none.*'region'"),
        (1, {"port": "99999"}, "host: expected .* port"),
    ],
)
def test_server_or_variable_that_is_not_declared_is_refused(index, variables, message):
    with pytest.raises(ApiValueError, match=message):
        Configuration().get_host_from_settings(index, variables, SERVERS)


@pytest.mark.parametrize(
    ("index", "variables", "message"),
    [
        ("0", None, "server_index: expected the index"),
        (1.5, None, "server_index: expected the index"),
        (True, None, "server_index: expected the index"),
        (1, {"port": 5}, r"server_variables\['port'\]: expected a string, got int"),
        (1, ["port"], "server_variables: expected a mapping of variable names to values, got list"),
    ],
)
def test_server_or_variables_of_another_type_are_refused(index, variables, message):
    with pytest.raises(ApiTypeError, match=message):
        Configuration().get_host_from_settings(index, variables, SERVERS)


def test_servers_may_be_as_a_document_has_them():
    variables = {"region": {"default": "eu", "enum": ["eu", "us"]}}
    servers = [{"url": "https://{region}.example", "variables": variables}]
    find = Configuration().get_host_from_settings
    assert find(0, None, servers) == "https://eu.example"
    assert find(0, {"region": "us"}, servers) == "https://us.example"
    with pytest.raises(ApiValueError, match="expected one of"):
        find(0, {"region": "mars"}, servers)
    with pytest.raises(ApiValueError, match=r"^host: expected .*\{region\}"):
        find(0, None, [{"url": "https://{region}.example"}])


def test_host_wins_over_a_server_index_that_is_given_with_it():
    configuration = Configuration("https://set.example", server_index=0)
    assert (configuration.host, configuration.server_index) == ("https://set.example", None)


def test_servers_that_do_not_fit_each_other_are_refused_where_they_are_set(monkeypatch):
    """What is refused changes nothing, and what is shown never fails."""
    monkeypatch.setattr("gentrace.configuration.SERVERS", tuple(SERVERS))
    configuration = Configuration(server_index=1, server_variables={"region": "us"})
    for name, value in (
        ("server_index", 0),
        ("server_variables", {"planet": "mars"}),
        ("server_variables", {"region": "mars"}),
        ("server_operation_index", {"pipeline_run_post": 0}),
        ("server_operation_variables", {"pipeline_run_post": {"planet": "mars"}}),
    ):
        before = dict(vars(configuration))
        with pytest.raises(ApiValueError, match=r"^server_variables.*: expected"):
            setattr(configuration, name, value)
        assert vars(configuration) == before
        assert "https://us.example:443/v1" in repr(configuration)
    configuration.server_variables = None
    configuration.server_index = 0
    assert configuration.host == "https://one.example/v1"


def test_documented_server_has_no_variables():
    with pytest.raises(ApiValueError, match="server_variables"):
        Configuration().get_host_from_settings(0, {"region": "eu"})
    assert Configuration().get_host_from_settings(0) == DOCUMENTED


def test_host_and_server_index_replace_each_other():
    configuration = Configuration("https://set.example")
    configuration.server_index = 0
    assert configuration.host == DOCUMENTED
    configuration.host = "https://set.example"
    assert configuration.host == "https://set.example"
    assert configuration.server_index is None


def test_server_settings_act_from_the_next_call_on(connect, monkeypatch):
    """Settings by operation stand above those for all; what they leave out is taken from those."""
    seen = []

    def remember(talk, request):
        seen.append(request.target.removesuffix("/pipeline-run"))
        echo(talk, request)

    with Peer(remember) as one, Peer(remember) as two:
        servers = (
            {"url": f"{one.origin}/one", "description": "One."},
            {
                "url": f"{two.origin}/{{version}}",
                "description": "Two.",
                "variables": {"version": {"default_value": "v1"}},
            },
        )
        monkeypatch.setattr("gentrace.configuration.SERVERS", servers)
        caller = connect(one)
        for name, value, path in (
            ("server_index", 0, "/one"),
            ("server_index", 1, "/v1"),
            ("server_variables", {"version": "v2"}, "/v2"),
            ("server_operation_variables", {"pipeline_run_post": {"version": "v3"}}, "/v3"),
            ("server_operation_variables", {"other_operation": {"version": "v4"}}, "/v2"),
            ("server_operation_variables", {"other_operation": {}}, "/v2"),
            ("server_operation_index", {"other_operation": 0}, "/v2"),
            ("server_variables", None, "/v1"),
            ("server_operation_index", {"pipeline_run_post": 0}, "/one"),
            ("server_operation_index", None, "/v1"),
        ):
            setattr(caller.configuration, name, value)
            caller.post()
            assert seen[-1] == path, (name, value)


# Copies.


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, Configuration.copy])
def test_copy_is_equal_and_apart(duplicate):
    """A copy keeps the token; neither it nor the original follows a change of the other."""
    original = Configuration("https://one.example", CANARY, timeout=7, proxy_headers={"X-A": "b"})
    twin = duplicate(original)
    for name in SETTINGS:
        assert getattr(twin, name) == getattr(original, name)
    twin.access_token, original.host = "other", "https://two.example"
    assert (original.access_token, twin.host) == (CANARY, "https://one.example")


def test_setting_is_detached_from_what_it_was_made_of():
    given, configuration = {"X-A": "b"}, Configuration()
    configuration.proxy_headers = given
    given["X-A"] = "\r\n"
    assert configuration.proxy_headers == {"X-A": "b"}
    with pytest.raises(TypeError):
        configuration.proxy_headers["X-A"] = "\r\n"


def test_default_is_a_copy_both_ways(default):
    original = Configuration("https://one.example", "token")
    default(original)
    original.host = "https://two.example"
    given = Configuration.get_default_copy()
    assert (given.host, given.access_token) == ("https://one.example", "token")
    given.host = "https://three.example"
    assert Configuration.get_default_copy().host == "https://one.example"
    default(None)
    assert Configuration.get_default_copy().host == DOCUMENTED


def test_default_serves_calls_without_a_client(default):
    with Peer() as peer:
        default(Configuration(peer.url, "token"))
        for api in (IngestionApi(), IngestionApi(ApiClient())):
            with api.api_client:
                api.pipeline_run_post(body=RUN)
    assert [request["Authorization"] for request in peer.requests] == ["Bearer token"] * 2


SECRET_SETTINGS = {
    "access_token": CANARY,
    "proxy": "http://me:pass-word@127.0.0.1:1",
    "proxy_headers": {"Proxy-Authorization": "pass-word"},
}


def test_pickle_leaves_secrets_out():
    pickled = pickle.dumps(Configuration("https://one.example", timeout=7, **SECRET_SETTINGS))
    assert not leaks(pickled)
    assert b"pass-word" not in pickled
    twin = pickle.loads(pickled)  # noqa: S301 - our own
    assert (twin.host, twin.timeout) == ("https://one.example", 7)
    for name in SECRET_SETTINGS:
        assert getattr(twin, name) is None


def test_pickle_keeps_secrets_if_told_to():
    configuration = Configuration("https://one.example", pickle_token=True, **SECRET_SETTINGS)
    twin = pickle.loads(pickle.dumps(configuration))  # noqa: S301 - our own
    for name in SETTINGS:
        assert getattr(twin, name) == getattr(configuration, name)
    assert not leaks(repr(vars(twin)))


@pytest.mark.parametrize("name", SECRET_SETTINGS)
def test_first_call_says_which_secret_a_pickle_left_out(connect, name):
    """Also after another pickle; once it is set, to None too, the call goes out."""
    with Peer() as peer:
        configuration = Configuration(peer.url, **{name: SECRET_SETTINGS[name]})
        for _ in range(2):
            configuration = pickle.loads(pickle.dumps(configuration))  # noqa: S301 - our own
        caller = connect(peer)
        caller.client.configuration = configuration
        with pytest.raises(ApiValueError, match=rf"^{name}: .*pickle_token"):
            caller.post()
        assert not peer.requests
        setattr(configuration, name, None)
        caller.post()
        assert len(peer.requests) == 1


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, Configuration.copy])
def test_copy_that_got_a_token_says_nothing_for_the_one_without(duplicate, default):
    original = pickle.loads(pickle.dumps(Configuration(None, "token")))  # noqa: S301 - our own
    duplicate(original).access_token = "new"  # noqa: S105 - of the test
    default(original)
    Configuration.get_default_copy().access_token = "new"  # noqa: S105 - likewise
    for incomplete in (original, duplicate(original), Configuration.get_default_copy()):
        with pytest.raises(ApiValueError, match=r"^access_token: was left out"):
            incomplete.check_complete()


def test_pickled_configuration_takes_the_token_of_its_process(monkeypatch):
    pickled = pickle.dumps(Configuration("https://one.example", CANARY))
    monkeypatch.setenv("GENTRACE_API_KEY", "of here")
    twin = pickle.loads(pickled)  # noqa: S301 - our own
    assert twin.auth_settings()["bearerAuth"]["value"] == "Bearer of here"


def test_pickle_of_a_configuration_without_token_sends_none(connect):
    with Peer() as peer:
        caller = connect(peer)
        pickled = pickle.dumps(Configuration(peer.url))
        caller.client.configuration = pickle.loads(pickled)  # noqa: S301 - our own
        caller.post()
    assert peer.requests[0]["Authorization"] is None


# What is shown.


def test_auth_settings_say_how_the_token_goes_out():
    assert Configuration().auth_settings() == {}
    settings = Configuration(None, "token").auth_settings()
    assert settings == {
        "bearerAuth": {
            "type": "bearer",
            "in": "header",
            "key": "Authorization",
            "value": "Bearer token",
        }
    }
    assert "token" not in repr(settings)


def test_debug_report_has_versions_and_settings():
    configuration = Configuration("https://one.example", timeout=7, **SECRET_SETTINGS)
    report = configuration.to_debug_report()
    for part in (
        gentrace.__version__,
        "API 0.4.0",
        "Python 3.",
        "https://one.example",
        "timeout: 7",
    ):
        assert part in report
    for name in SECRET_SETTINGS:
        assert f"{name}: '***'" in report


@pytest.mark.parametrize("show", [repr, str, Configuration.to_debug_report, vars])
def test_shown_configuration_has_no_secrets(show):
    shown = str(show(Configuration("https://one.example", timeout=7, **SECRET_SETTINGS)))
    assert "https://one.example" in shown
    assert not leaks(shown)
    assert "pass-word" not in shown


# What acts on calls, from the next one on.


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("suffix", "target"),
    [
        ("", "/pipeline-run"),
        ("/", "/pipeline-run"),
        ("/api/v1", "/api/v1/pipeline-run"),
        ("/api/v1/", "/api/v1/pipeline-run"),
        ("/api/v1//", "/api/v1/pipeline-run"),
        ("/a%20b;c", "/a%20b;c/pipeline-run"),
    ],
)
def test_host_with_path_slash_or_literal_address(connect, address, suffix, target):
    with Peer(host=address) as peer:
        connect(peer.origin + suffix).post()
    assert [request.target for request in peer.requests] == [target]
    assert peer.requests[0]["Host"] == peer.origin.removeprefix("http://")


def test_host_in_capitals_is_the_same(connect):
    with Peer() as peer:
        connect(peer.at("LOCALHOST", "HTTP")).post()
    assert len(peer.requests) == 1


def test_changed_host_acts(connect):
    with Peer() as one, Peer() as two:
        caller = connect(one)
        for peer in (one, two, two, one):
            caller.configuration.host = peer.url
            caller.post()
    assert (len(one.requests), len(two.requests)) == (2, 2)


def test_rotated_token_acts_on_the_same_connection(connect):
    with Peer() as peer:
        caller = connect(peer)
        for token in ("first", "second", None, "third é"):
            caller.configuration.access_token = token
            caller.post()
    sent = [request["Authorization"] for request in peer.requests]
    assert sent == ["Bearer first", "Bearer second", None, "Bearer third é"]
    assert peer.connections == 1


def test_replaced_configuration_acts(connect):
    with Peer() as one, Peer() as two:
        caller = connect(one)
        caller.post()
        caller.client.configuration = Configuration(two.url, "second")
        caller.post()
    assert [r["Authorization"] for r in (*one.requests, *two.requests)] == [
        f"Bearer {TOKEN}",
        "Bearer second",
    ]


def test_disabled_validations_act(connect):
    with Peer() as peer:
        caller = connect(peer)
        for keywords, body in (
            ("format", DATELESS),
            ("required", NAMELESS),
            ("format,required", NAMELESS),
        ):
            caller.configuration.disabled_client_side_validations = keywords
            caller.post(body)
            caller.configuration.disabled_client_side_validations = "minLength"
            with pytest.raises((ApiTypeError, ApiValueError)):
                caller.post(body)
    assert [request.json() for request in peer.requests] == [DATELESS, NAMELESS, NAMELESS]


def test_disabled_validation_disables_no_other(connect):
    with Peer() as peer:
        caller = connect(peer, disabled_client_side_validations="format")
        with pytest.raises(ApiTypeError):
            caller.post(NAMELESS)
        caller.configuration.disabled_client_side_validations = "required"
        with pytest.raises(ApiValueError):
            caller.post(DATELESS)
        with pytest.raises(ApiTypeError):
            caller.post({"name": 1})
    assert not peer.requests


def test_temp_folder_path_acts(connect, tmp_path):
    with Peer(reply(body=b"content", content_type="application/octet-stream")) as peer:
        caller = connect(peer)
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            caller.configuration.temp_folder_path = folder
            with download(caller, stream=True).body as file:
                assert file.read() == b"content"
            assert [str(path) for path in folder.iterdir()] == [file.name]


def test_safe_chars_for_path_param_act(connect):
    with Peer(reply(body=b"", content_type="application/octet-stream")) as peer:
        caller = connect(peer)
        for safe in ("", "/", "/ "[:1], ""):
            caller.configuration.safe_chars_for_path_param = safe
            download(caller)
    paths = [request.target.removeprefix("/api/v1/runs/") for request in peer.requests]
    assert paths == ["a%2Fb%20c", "a/b%20c", "a/b%20c", "a%2Fb%20c"]


@pytest.mark.parametrize("timeout", [0.2, (60, 0.2), (60, 60, 0.2), [0.2, 60, 0.2]])
def test_timeout_acts(connect, timeout):
    with Peer(stall) as peer:
        caller = connect(peer, retries=0)
        caller.configuration.timeout = timeout
        with pytest.raises(ApiTimeoutException):
            caller.post()
        caller.configuration.timeout = 60
        with pytest.raises(ApiTimeoutException):
            caller.post(timeout=timeout)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(v, k) for k, vs in REFUSED["timeout"].items() for v in vs if v is not None],
)
def test_timeout_of_a_call_is_refused_like_the_configurations(connect, value, kind):
    with Peer() as peer:
        with pytest.raises(kind, match=r"^timeout: expected seconds above 0"):
            connect(peer).post(timeout=value)
        assert not peer.requests


def tries(caller):
    return caller.fail(ServiceException).tries


def test_retries_act(connect):
    again = reply(503, headers={"retry-after-ms": "1"})
    with Peer(again) as peer:
        caller = connect(peer)
        for value, count in ((None, 3), (False, 1), (0, 1), (1, 2), (5, 6)):
            caller.configuration.retries = value
            before = len(peer.requests)
            assert tries(caller) == len(peer.requests) - before == count


def test_given_urllib3_retry_says_whether(connect):
    """Exactly what it says: other methods and statuses than the default's."""
    with Peer(reply(501)) as peer:
        caller = connect(peer)
        assert tries(caller) == 1
        caller.configuration.retries = urllib3.Retry(
            2, status_forcelist=[501], allowed_methods=None
        )
        assert tries(caller) == 3
        caller.configuration.retries = urllib3.Retry(2, status_forcelist=[501])
        assert tries(caller) == 1
    assert len(peer.requests) == 5


def test_max_response_body_acts(connect):
    answer = {"pipelineRunId": "x" * 1000}
    with Peer(reply(body=answer)) as peer:
        caller = connect(peer, max_response_body=1000)
        with pytest.raises(ApiResponseTooLargeException) as caught:
            caller.post()
        assert caught.value.status == 200
        assert len(caught.value.body) <= 1000
        caller.configuration.max_response_body = 2000
        assert caller.post().body == answer


def options_of(peer, *wanted):
    """The options of this process's end of the peer's latest connection."""
    there = peer._all_talks[-1].sock.getpeername()
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
            if sock.getsockname() == there:
                return [sock.getsockopt(*option) for option in wanted]
    raise AssertionError("no such socket")


def test_socket_options_act(connect):
    nodelay = socket.IPPROTO_TCP, socket.TCP_NODELAY
    alive = socket.SOL_SOCKET, socket.SO_KEEPALIVE
    with Peer() as peer:
        caller = connect(peer)
        for setting, seen in (
            (None, [1, 0]),
            ([(*alive, 1)], [0, 1]),
            ([(*alive, 1), (*nodelay, 1)], [1, 1]),
            ((), [0, 0]),
            (None, [1, 0]),
        ):
            caller.configuration.socket_options = setting
            caller.post()
            assert [bool(value) for value in options_of(peer, nodelay, alive)] == seen
    assert len(peer.requests) == 5


def test_connection_pool_maxsize_acts(connect):
    """Calls wait for one of `connection_pool_maxsize` connections; raised, they need not."""

    def crowd(talk, request):
        talk.peer.wait(lambda: talk.peer.connections >= 3)
        echo(talk, request)

    with Peer(*[echo] * 9, crowd) as peer, ThreadPoolExecutor(9) as threads:
        caller = connect(peer, connection_pool_maxsize=1)
        list(threads.map(lambda _: caller.post(), range(9)))
        assert peer.connections == 1
        caller.configuration.connection_pool_maxsize = 3
        list(threads.map(lambda _: caller.post(), range(3)))
    assert peer.connections <= 4
    assert len(peer.requests) == 12


def test_proxy_and_its_headers_act(connect):
    """Also later; they reach the proxy alone, and an empty string is no proxy at all."""
    with Peer() as peer, Peer(proxy(("me", "pa ss"))) as through:
        caller = connect(peer, retries=0)
        caller.post()
        caller.configuration.proxy = through.origin.replace("//", "//me:pa%20ss@")
        caller.post()
        caller.configuration.proxy = through.origin
        with pytest.raises(ApiException):
            caller.post()
        caller.configuration.proxy_headers = {
            "Proxy-Authorization": peers.basic("me", "pa ss"),
            "X-Way": "a",
        }
        caller.post()
        caller.configuration.proxy = ""
        caller.post()
    assert len(through.requests) == 3
    assert through.requests[-1]["X-Way"] == "a"
    assert len(peer.requests) == 4
    assert {request["Proxy-Authorization"] for request in peer.requests} == {None}
    assert peer.requests[-1]["X-Way"] is None


def test_proxy_of_the_environment_gives_way(connect, monkeypatch):
    with Peer() as peer, Peer(proxy()) as through:
        monkeypatch.setenv("http_proxy", through.origin)
        caller = connect(peer)
        caller.post()
        assert len(through.requests) == 1
        caller.configuration.proxy = ""
        caller.post()
    assert len(through.requests) == 1
    assert len(peer.requests) == 2


def test_token_over_plain_http_beyond_loopback_warns_once(connect):
    with Peer() as peer, Peer(proxy(routes={"api.example:80": peer.address})) as through:

        def call_twice():
            caller = connect("http://api.example", access_token=CANARY, proxy=through.origin)
            caller.post()
            caller.post()

        with pytest.warns(InsecureTransportWarning, match="https") as caught:
            call_twice()
    assert len(caught) == 1
    assert not leaks(str(caught[0].message))
    assert len(peer.requests) == 2


def test_no_warning_without_a_token(connect):
    with Peer() as peer, Peer(proxy(routes={"api.example:80": peer.address})) as through:
        connect("http://api.example", access_token=None, proxy=through.origin).post()
    assert len(peer.requests) == 1
