"""The servers of the document, and how settings choose one."""

from collections import UserList, deque

import pytest
from support.peers import Peer, echo

from gentrace.configuration import Configuration
from gentrace.exceptions import ApiTypeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"


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
        (0, {"region": "us"}, "https://one.example/v1"),
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


@pytest.mark.parametrize(
    "servers",
    [
        "https://one.example",
        {"url": "https://one.example"},
        7,
        ["https://one.example"],
        [{"description": "One."}],
        [{"url": None}],
        [{"url": "https://{region}.example", "variables": ["region"]}],
        [{"url": "https://{region}.example", "variables": {"region": "eu"}}],
        [{"url": "https://{region}.example", "variables": {"region": {"default": 1}}}],
        [{"url": "https://{region}.example", "variables": {"region": {"enum": 1}}}],
        [{"url": "https://{region}.example", "variables": {"region": {}, 1: {}}}],
    ],
    ids=repr,
)
@pytest.mark.parametrize("variables", [None, {"region": "us"}])
def test_servers_of_another_form_are_refused(servers, variables):
    with pytest.raises(ApiTypeError, match=r"^servers: expected a list of servers, .*, got \w+$"):
        Configuration().get_host_from_settings(0, variables, servers)


@pytest.mark.parametrize("kind", [list, tuple, deque, UserList])
def test_servers_may_be_any_sequence(kind):
    servers = kind([{"url": "https://one.example"}])
    assert Configuration().get_host_from_settings(0, None, servers) == "https://one.example"


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


def test_variables_that_no_server_has_are_refused_where_they_are_set(monkeypatch):
    """What is refused changes nothing; variables of another server wait until that is chosen."""
    monkeypatch.setattr("gentrace.configuration.document.SERVERS", tuple(SERVERS))
    configuration = Configuration(server_index=1, server_variables={"region": "us"})
    for name, value in (
        ("server_variables", {"planet": "mars"}),
        ("server_variables", {"region": "mars"}),
        ("server_operation_variables", {"pipeline_run_post": {"planet": "mars"}}),
    ):
        before = dict(vars(configuration))
        with pytest.raises(ApiValueError, match=r"^server_.*variables.*: expected"):
            setattr(configuration, name, value)
        assert vars(configuration) == before
    for index, host in ((1, "https://us.example:443/v1"), (0, "https://one.example/v1")) * 2:
        configuration.server_index = index
        assert configuration.host == host
        assert host in repr(configuration)


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


def test_host_stays_without_a_server_index():
    configuration = Configuration("https://set.example")
    configuration.server_index = None
    assert configuration.host == "https://set.example"
    del configuration.server_index
    assert configuration.host == "https://set.example"


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
        monkeypatch.setattr("gentrace.configuration.document.SERVERS", servers)
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
