"""Settings by name: misspelt ones, deleted ones, and those that the environment says."""

import re
from unittest.mock import patch

import pytest
from support.canary import CANARY, leaks

from gentrace.configuration import SETTINGS, Configuration
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"
TOKEN = "token-of-a-test"  # noqa: S105 - of nobody
OF_LOGGERS = {"debug", "logger_file", "logger_format"}
"""Settings of test_logs."""


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
        if name not in OF_LOGGERS:
            delattr(configuration, name)
            assert getattr(configuration, name) == getattr(Configuration(), name)
    assert configuration.changes > changes
    with patch.object(configuration, "timeout", 7):
        assert configuration.timeout == 7
    assert configuration.timeout == Configuration().timeout


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


def test_every_setting_is_an_attribute_of_the_class():
    for name, setting in SETTINGS.items():
        assert getattr(Configuration, name) is setting


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
    Configuration("https://one.example", "given")  # which needs neither


@pytest.mark.parametrize("settings", [{}, {"access_token": TOKEN}])
def test_an_unusable_environment_shows_no_token(monkeypatch, settings):
    monkeypatch.setenv("GENTRACE_HOST", f"http://[{TOKEN}]")
    if not settings:
        monkeypatch.setenv("GENTRACE_API_KEY", TOKEN)
    with pytest.raises(ApiValueError, match=r"^environment variable GENTRACE_HOST: .*'\*\*\*'$"):
        Configuration(**settings)


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ("api_key", "access_token"),
        ("apiKey", "access_token"),
        ("token", "access_token"),
        ("api_token", "access_token"),
        ("bearer_token", "access_token"),
        ("base_url", "host"),
        ("baseURL", "host"),
        ("url", "host"),
        ("endpoint", "host"),
        ("max_retries", "retries"),
        ("max_attempts", "retries"),
        ("request_timeout", "timeout"),
        ("pool_size", "connection_pool_maxsize"),
        ("verify", "verify_ssl"),
        ("insecure", "verify_ssl"),
        ("ca_bundle", "ssl_ca_cert"),
        ("client_cert", "cert_file"),
        ("context", "ssl_context"),
        ("proxies", "proxy"),
        ("temp_dir", "temp_folder_path"),
    ],
)
def test_name_that_another_client_has_is_answered_with_the_right_one(other, name):
    configuration = Configuration()
    for attempt in (
        lambda: Configuration(**{other: CANARY}),
        lambda: setattr(configuration, other, CANARY),
        lambda: getattr(configuration, other),
    ):
        with pytest.raises(
            ApiAttributeError, match=f"^Configuration has no '{other}': did you mean '{name}'.$"
        ) as caught:
            attempt()
        assert not leaks(str(caught.value))
