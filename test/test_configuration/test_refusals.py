"""What an error about a setting says, and what neither it nor its traceback shows."""

import pytest
from support.canary import CANARY, leaks

from gentrace.configuration import Configuration
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"


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
