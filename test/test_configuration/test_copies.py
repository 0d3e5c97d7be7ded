"""Copies, pickles and the default of configurations, and what they show of themselves."""

import copy
import pickle

import pytest
from support.caller import RUN
from support.canary import CANARY, leaks
from support.peers import Peer

import gentrace
from gentrace.api_client import ApiClient
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.configuration import SETTINGS, Configuration
from gentrace.exceptions import ApiAttributeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"


@pytest.fixture
def default():
    """The default configuration is none before and after."""
    Configuration.set_default(None)
    yield Configuration.set_default
    Configuration.set_default(None)


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


def test_default_that_is_replaced_is_given_back(default):
    assert default(Configuration("https://one.example")) is None
    before = default(None)
    assert before.host == "https://one.example"
    assert default(before) is None
    assert Configuration.get_default_copy().host == "https://one.example"


def test_default_is_that_of_the_process_also_if_a_subclass_sets_it(default):
    class Own(Configuration):
        pass

    assert Own.set_default(Own("https://one.example")) is None
    assert type(ApiClient().configuration) is Own
    assert ApiClient().configuration.host == "https://one.example"
    assert default(None).host == "https://one.example"
    assert Own.get_default_copy().host == DOCUMENTED


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
        with pytest.raises(ApiValueError, match=r"^access_token: was left out.*GENTRACE_API_KEY$"):
            incomplete.check_complete()


def test_pickled_configuration_takes_the_token_of_its_process(monkeypatch):
    pickled = pickle.dumps(Configuration("https://one.example", CANARY))
    monkeypatch.setenv("GENTRACE_API_KEY", "of here")
    twin = pickle.loads(pickled)  # noqa: S301 - our own
    assert twin.auth_settings()["bearerAuth"]["value"] == "Bearer of here"


def test_token_of_a_pickle_is_kept_in_a_process_with_another_one(monkeypatch):
    pickled = pickle.dumps(Configuration("https://one.example", CANARY, pickle_token=True))
    monkeypatch.setenv("GENTRACE_API_KEY", "of here")
    assert pickle.loads(pickled).access_token == CANARY  # noqa: S301 - our own


def test_pickle_of_a_configuration_without_token_sends_none(connect):
    with Peer() as peer:
        caller = connect(peer)
        pickled = pickle.dumps(Configuration(peer.url))
        caller.client.configuration = pickle.loads(pickled)  # noqa: S301 - our own
        caller.post()
    assert peer.requests[0]["Authorization"] is None


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


@pytest.mark.parametrize("show", [repr, Configuration.to_debug_report])
def test_shown_host_has_no_token(show):
    token = "some-token"  # noqa: S105 - of nobody
    shown = show(Configuration(f"https://one.example/{token}", access_token=token))
    assert "https://one.example/***'" in shown
    assert token not in shown


def test_shown_configuration_tells_where_it_has_no_secret():
    configuration = Configuration(access_token=CANARY)
    assert "access_token='***'" in repr(configuration)
    configuration.access_token = None
    assert "access_token=None" in repr(configuration)


EARLIER = (
    b"\x80\x04\x95\xb7\x01\x00\x00\x00\x00\x00\x00\x8c\x16gentrace.configuration\x94\x8c\x08"
    b"_restore\x94\x93\x94h\x00\x8c\rConfiguration\x94\x93\x94}\x94(\x8c\x07changes\x94K\t\x8c\x04"
    b"host\x94\x8c\x13https://one.example\x94\x8c\x0caccess_token\x94\x8c\x1egentrace.configuration"
    b".secrets\x94\x8c\x06Secret\x94\x93\x94\x8c\x07a-token\x94\x85\x94\x81\x94\x8c\x16server_operat"
    b"ion_index\x94\x8c\nfrozendict\x94h\x11\x93\x94}\x94\x8c\x11pipeline_run_post\x94K\x00s\x85\x94"
    b"R\x94\x8c disabled_client_side_validations\x94(\x8c\x06format\x94\x91\x94\x8c\x07timeout\x94K"
    b"\x07\x8c\x0cpickle_token\x94\x88\x8c\x05proxy\x94h\x0c\x8c\x18http://me:pw@127.0.0.1:1\x94\x85"
    b"\x94\x81\x94\x8c\rproxy_headers\x94h\x12}\x94\x8c\x03X-A\x94h\x0c\x8c\x01b\x94\x85\x94\x81\x94"
    b"s\x85\x94R\x94\x8c\x0esocket_options\x94K\x01K\x02K\x03\x87\x94\x85\x94u(\x91\x94\x87\x94R\x94."
)
"""What version 2.0.0 made of a configuration."""

EARLIER_WITHOUT_TOKEN = (
    b"\x80\x04\x95\x8e\x00\x00\x00\x00\x00\x00\x00\x8c\x16gentrace.configuration\x94\x8c\x08"
    b"_restore\x94\x93\x94h\x00\x8c\rConfiguration\x94\x93\x94}\x94(\x8c\x07changes\x94K\x03\x8c\x04"
    b"host\x94\x8c\x13https://one.example\x94\x8c\x07timeout\x94K\x01K\x02\x86\x94u(\x8c\x0caccess_"
    b"token\x94\x91\x94\x87\x94R\x94."
)


def test_pickle_of_an_earlier_version_loads():
    restored = pickle.loads(EARLIER)  # noqa: S301 - our own
    expected = Configuration(
        "https://one.example",
        "a-token",
        timeout=7,
        pickle_token=True,
        server_operation_index={"pipeline_run_post": 0},
        proxy="http://me:pw@127.0.0.1:1",
        proxy_headers={"X-A": "b"},
        disabled_client_side_validations="format",
        socket_options=[(1, 2, 3)],
    )
    assert type(restored) is Configuration
    for name in SETTINGS:
        assert getattr(restored, name) == getattr(expected, name)
    assert "a-token" not in repr(restored)
    restored.check_complete()


def test_pickle_of_an_earlier_version_says_that_the_token_is_missing():
    restored = pickle.loads(EARLIER_WITHOUT_TOKEN)  # noqa: S301 - our own
    assert restored.timeout == (1, 2)
    with pytest.raises(ApiValueError, match=r"^access_token: was left out"):
        restored.check_complete()


class Tenant(Configuration):
    """Has attributes of its own: of its class, of its instances, and a property."""

    region = "eu"

    def __init__(self, *arguments, **settings):
        self.labels = ["first"]
        super().__init__(*arguments, **settings)

    @property
    def place(self):
        return self.region.upper()

    @place.setter
    def place(self, value):
        self.region = value.lower()


class Team(Tenant):
    """Inherits them."""


@pytest.mark.parametrize("kind", [Tenant, Team])
def test_subclass_has_attributes_of_its_own(kind):
    """Copies and pickles have them too; what is no setting is in no report."""
    original = kind("https://one.example", timeout=7)
    original.place = "US"
    for twin in (
        original.copy(),
        copy.copy(original),
        copy.deepcopy(original),
        pickle.loads(pickle.dumps(original)),  # noqa: S301 - our own
    ):
        assert type(twin) is kind
        assert (twin.region, twin.labels, twin.place) == ("us", ["first"], "US")
        assert (twin.host, twin.timeout) == ("https://one.example", 7)
    assert copy.deepcopy(original).labels is not original.labels
    assert "labels" not in repr(original) + original.to_debug_report()
    del original.region
    assert original.region == "eu"


def test_an_attribute_that_a_subclass_does_not_have_is_said_so():
    configuration = Tenant()
    with pytest.raises(ApiAttributeError, match=r"^Configuration has no 'timeot': did you mean 't"):
        _ = configuration.timeot
    with pytest.raises(AttributeError):
        del configuration.timeot


def test_settings_of_a_subclass_are_checked():
    """Also one whose default it declares anew."""
    kind = type("Patient", (Configuration,), {"timeout": 90})
    configuration = kind()
    assert configuration.timeout == 90
    with pytest.raises(ApiValueError, match=r"^timeout: expected"):
        configuration.timeout = 0
