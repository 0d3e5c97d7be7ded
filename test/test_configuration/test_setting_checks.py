"""What each setting keeps, and what it refuses where it is set."""

import os
import re
import ssl
from enum import Enum

import pytest
import urllib3

from gentrace.configuration import SETTINGS, Configuration
from gentrace.exceptions import ApiTypeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"


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


class OtherRetry:
    """It has the methods of `urllib3.Retry`, as that of a copy of urllib3 in another package."""

    def increment(self, *args, **keywords):
        return self

    def is_retry(self, *args):
        return False


PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

KEPT = {
    "host": [
        ("https://gentrace.ai/api/v1/", DOCUMENTED),
        ("http://[::1]:8371", "http://[::1]:8371"),
        ("http://[::ffff:1.2.3.4]", "http://[::ffff:1.2.3.4]"),
        ("http://a_b.example.:1/%7Ea;b=1", "http://a_b.example.:1/%7Ea;b=1"),
        (f"http://{'a.' * 126}a", f"http://{'a.' * 126}a"),
        ("http://xn--bcher-kva.example", "http://xn--bcher-kva.example"),
        ("http://a/Az09-._~!$&'()*+,;=:@/x", "http://a/Az09-._~!$&'()*+,;=:@/x"),
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
    "connection_pool_maxsize": [(1, 1), (65_535, 65_535)],
    "verify_ssl": [(True, True), (False, False)],
    "ssl_ca_cert": [(PEM, PEM), (PEM.encode(), PEM), (None, None), (os.devnull, os.devnull)],
    "cert_file": [(__file__, __file__), (None, None)],
    "key_file": [(__file__, __file__), (None, None)],
    "assert_hostname": [
        ("a.example", "a.example"),
        ("::1", "::1"),
        (None, None),
        (False, False),
    ],
    "json_encoder": [("auto", "auto"), ("json", "json")],
    "ssl_context": [(None, None)],
    "tls_server_name": [("a.example", "a.example"), ("::1", "::1"), (None, None)],
    "proxy": [
        ("socks5h://me:pw@127.0.0.1:1", "socks5h://me:pw@127.0.0.1:1"),
        ("", ""),
        (None, None),
    ],
    "proxy_headers": [({"X-A": "b"}, {"X-A": "b"}), (None, None)],
    "socket_options": [
        ([[1, 2, 3]], ((1, 2, 3),)),
        ([(1, 2, b"\0")], ((1, 2, b"\0"),)),
        ((), ()),
        (None, None),
    ],
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
        ApiTypeError: [True, "1", 1.0, urllib3.Timeout(), urllib3.Retry, OtherRetry()],
        ApiValueError: [-1],
    },
    "max_response_body": {ApiTypeError: [None, "1", 1.0, True], ApiValueError: [0, -1]},
    "connection_pool_maxsize": {
        ApiTypeError: [None, "1", 1.0, True],
        ApiValueError: [0, -1, 65_536, 2**63],
    },
    "verify_ssl": {ApiTypeError: [None, 0, "false"]},
    "ssl_ca_cert": {ApiTypeError: [1], ApiValueError: ["", "/no/such/file", b"/no/such\0"]},
    "cert_file": {ApiTypeError: [1, True], ApiValueError: ["", "/no/such/file", os.curdir, "a\0"]},
    "key_file": {ApiTypeError: [1, b"key"], ApiValueError: ["", "/no/such/file", os.curdir, "a\0"]},
    "assert_hostname": {
        ApiTypeError: [1, b"a", True],
        ApiValueError: ["", "https://a.example", "\n", " ", "*", "\ud800"],
    },
    "json_encoder": {ApiTypeError: [None, 1], ApiValueError: ["", "orjson"]},
    "ssl_context": {ApiTypeError: [True, "ssl", ssl.SSLContext, ssl.PROTOCOL_TLS_CLIENT, {}]},
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
    "socket_options": {
        ApiTypeError: [
            1,
            "abc",
            [1],
            [(1, 2)],
            [(1, 2, 3, 4, 5)],
            [(1, "2", b"")],
            [(1, 2, 2**31)],
        ]
    },
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


def test_every_variable_of_the_environment_is_read(monkeypatch):
    """`Configuration.__init__` names each, as it reads the token first."""
    for name, item in SETTINGS.items():
        if item.environment_variable is not None:
            given, kept = KEPT[name][0]
            monkeypatch.setenv(item.environment_variable, given)
            assert getattr(Configuration(), name) == kept, name


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


class Array:
    """Compares as arrays of numpy do: with no truth."""

    __hash__ = None

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise ValueError


@pytest.mark.parametrize("name", ["proxy", "disabled_client_side_validations"])
def test_array_is_refused_by_its_type(name):
    with pytest.raises(ApiTypeError, match=f"^{name}: expected"):
        Configuration(**{name: Array()})
