"""What an error about a setting says, and what neither it nor its traceback shows."""

import os
import pickle
import traceback
from operator import setitem
from pathlib import Path
from urllib.parse import quote

import pytest
from support.canary import CANARY, leaks

import gentrace
from gentrace import ApiClient, IngestionApi
from gentrace.configuration import Configuration
from gentrace.exceptions import ApiAttributeError, ApiTypeError, ApiValueError

DOCUMENTED = "https://gentrace.ai/api/v1"
PASSWORD = quote(CANARY, safe="")
PACKAGE = str(Path(gentrace.__file__).parent)


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
@pytest.mark.parametrize(
    "address",
    [
        "me:{}@proxy:80",
        "http://me:{}@proxy:x",
        "http://{}@pro xy",
        "proxy:8080:me:{}",
        "http://proxy:8080:me:{}",
        "http://[::1]:8080:me:{}",
        "http://me:{}:proxy:80",
        "http://me:{}%40proxy:80",
        "http://proxy:80;user={}",
        "http://[me:{}]",
        "http://pro xy:me:{}",
        "me:{}",
        "me:{}://proxy",
    ],
)
def test_refusal_of_an_address_does_not_repeat_its_password(proxied, address):
    with pytest.raises(ApiValueError) as caught:
        Configuration(**{proxied: address.format("pass-word")})
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("proxied", ["proxy", "host"])
def test_refusal_of_an_address_takes_no_part_of_a_login_for_a_scheme(proxied):
    with pytest.raises(ApiValueError) as caught:
        Configuration(**{proxied: "passw0rd://x@proxy"})
    assert "passw0rd" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["http://[fe80::1%25eth0]:80/a", "http://gentrace.ai:99999", "http://[::1]x", "http://h:1/{v}"],
)
def test_refusal_of_an_address_without_a_password_shows_it(address):
    with pytest.raises(ApiValueError, match="got str ") as caught:
        Configuration(address)
    assert repr(address) in str(caught.value)


@pytest.mark.parametrize(
    "token", [f"{CANARY}\n", f"{CANARY}\0", f" {CANARY}", f"{CANARY}€", CANARY.encode(), [CANARY]]
)
def test_refusal_of_a_token_does_not_repeat_it(token):
    with pytest.raises((ApiTypeError, ApiValueError)) as caught:
        Configuration(access_token=token)
    assert not leaks(repr(caught.value))


@pytest.mark.parametrize("name", ["key_file", "cert_file", "ssl_ca_cert", "logger_file"])
def test_refusal_of_a_key_in_place_of_its_file_does_not_repeat_it(name):
    with pytest.raises(ApiTypeError, match=rf"^{name}: expected the path of a file") as caught:
        Configuration(**{name: "-----BEGIN PRIVATE KEY-----\npass-word"})
    assert "pass-word" not in str(caught.value)


class Broken(os.PathLike):
    """A path whose own code fails."""

    def __fspath__(self):
        raise RuntimeError


SECRETS = {
    "access_token": CANARY,
    "proxy": f"http://me:{PASSWORD}@127.0.0.1:1",
    "proxy_headers": {"Proxy-Authorization": f"Basic {CANARY}", "Cookie": CANARY},
}
WRONG = {
    "certificates": {"ssl_ca_cert": "/missing.pem"},
    "path": {"temp_folder_path": Broken()},
    "number": {"timeout": 0},
    "host": {"host": "ftp://x"},
    "token in place of the host": {"host": CANARY},
    "token in an address": {"host": f"https://one.example/?api_key={PASSWORD}"},
    "token behind an address": {"host": f"https://one.example/#{PASSWORD}"},
    "password that ends the address": {"host": f"https://me:?{PASSWORD}@one.example"},
    "token with a line break": {"access_token": f"{CANARY}\n"},
    "token as bytes": {"access_token": CANARY.encode()},
    "token in a list": {"access_token": [CANARY]},
    "proxy": {"proxy": f"ftp://me:{PASSWORD}@proxy"},
    "proxy as bytes": {"proxy": f"http://me:{PASSWORD}@proxy".encode()},
    "proxy with a blank": {"proxy": f"http://me:{CANARY}@proxy"},
    "header field": {"proxy_headers": {"Cookie": f"{CANARY}\n"}},
    "name of a header field": {"proxy_headers": {f"Cookie: {CANARY}": "1"}},
    "header fields as text": {"proxy_headers": f"Cookie: {CANARY}"},
    "unknown name": {"api_key": CANARY},
    "TLS context": {"ssl_context": {"token": 1}},
    "index": {"server_index": 7},
    "log file": {"logger_file": "/"},
    "token in the path of an address": {"host": f"https://one.example/v1 {CANARY}"},
    "escaped token in the path of an address": {"host": f"https://one.example/^{PASSWORD}"},
    "token in place of a number": {"timeout": CANARY},
    "token among numbers": {"timeout": (CANARY, 1)},
    "token in place of a file": {"key_file": CANARY},
    "token in place of certificates": {"ssl_ca_cert": CANARY},
    "token in the name of a log file": {"logger_file": f"/missing/{CANARY}/x"},
    "token in place of a flag": {"debug": CANARY},
    "token in place of a format": {"logger_format": CANARY},
    "token in place of a host name": {"assert_hostname": CANARY},
    "token in place of a setting": {f"x{CANARY}": 1},
    "key in place of its file": {"key_file": f"-----BEGIN PRIVATE KEY-----\n{CANARY}"},
}


def look_at(error):
    """No frame of the package that the traceback has, nor that of a cause, shows the canary."""
    frames = 0
    while error is not None:
        assert not leaks(f"{error} {error!r} {vars(error)}")
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                frames += 1
                for name, value in frame.f_locals.items():
                    assert not leaks(f"{value!r}"), (frame.f_code.co_qualname, name)
        error = error.__cause__ or error.__context__
    assert frames


def refuse(attempt, *arguments, **keywords):
    with pytest.raises((ApiAttributeError, ApiTypeError, ApiValueError)) as caught:
        attempt(*arguments, **keywords)
    look_at(caught.value)


@pytest.mark.parametrize("wrong", WRONG)
def test_no_frame_shows_a_secret_whichever_argument_is_wrong(wrong):
    refuse(Configuration, **SECRETS | WRONG[wrong])


@pytest.mark.parametrize("wrong", WRONG)
def test_no_frame_shows_a_secret_when_an_attribute_is_refused(wrong):
    configuration = Configuration(**SECRETS)
    for name, value in WRONG[wrong].items():
        refuse(setattr, configuration, name, value)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_frame_shows_the_only_secret_in_place_of_another_setting(secret):
    refuse(setattr, Configuration(**{secret: SECRETS[secret]}), "temp_folder_path", CANARY)


def test_no_frame_shows_a_field_for_the_proxy_in_place_of_another_setting():
    """Whatever its name is."""
    configuration = Configuration(proxy_headers={"X-Account": CANARY})
    refuse(setattr, configuration, "temp_folder_path", CANARY)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["host", "temp_folder_path", "debug", "logger_format", "logger_file"]
)
def test_no_frame_shows_a_secret_that_is_given_after_it_in_place_of_another_setting(secret, name):
    value = f"http://missing/{CANARY}/%(x)s"
    refuse(Configuration, **{name: value, secret: SECRETS[secret]})


@pytest.mark.parametrize(
    "arguments",
    [
        ("ftp://x", CANARY),
        (CANARY,),
        ("http://localhost", CANARY, "0"),
        ("http://localhost", f"{CANARY}\n"),
        (None, CANARY, None, None, None, None, CANARY.encode()),
    ],
    ids=["host", "token as host", "index", "token", "keyword"],
)
def test_no_frame_shows_a_secret_given_by_position(arguments):
    refuse(Configuration, *arguments)


@pytest.mark.parametrize("default", [CANARY, {"access_token": CANARY}, [CANARY]])
def test_no_frame_shows_a_secret_in_place_of_a_default(default):
    refuse(Configuration.set_default, default)


@pytest.mark.parametrize(
    "attempt",
    [
        ApiClient,
        lambda token: ApiClient(Configuration(), "Cookie", f"{token}\n", token),
        lambda token: ApiClient(Configuration(), "Cookie", token, token, pool_threads=0),
        lambda token: setattr(ApiClient(Configuration()), "configuration", token),
        lambda token: ApiClient(Configuration()).set_default_header("Cookie", f"{token}\n"),
        lambda token: setitem(ApiClient(Configuration()).default_headers, "Cookie", f"{token}\n"),
        IngestionApi,
    ],
    ids=[
        "token as configuration",
        "header field",
        "threads",
        "token as configuration later",
        "header field later",
        "header field of the mapping",
        "token as client",
    ],
)
def test_no_frame_shows_a_secret_when_a_client_is_refused(attempt):
    refuse(attempt, CANARY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "G T"},
        {"resource_path": "x"},
        {"resource_path": f"x {CANARY}"},
        {"resource_path": f"/x {PASSWORD}/{CANARY}?key={CANARY}"},
        {"body": 1},
        {"fields": 1},
        {"auth_settings": ["x"]},
        {"timeout": 0},
        {"host": "x"},
        {"stream": 1},
        {"idempotency_key": ""},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_no_frame_of_a_request_that_is_refused_shows_its_header_fields(wrong):
    client = ApiClient(Configuration("http://127.0.0.1:1", CANARY), cookie=CANARY)
    fields = {"Authorization": CANARY, "Cookie": CANARY}
    refuse(client.call_api, **{"resource_path": "/", "method": "GET", "headers": fields} | wrong)


@pytest.mark.parametrize("name", ["user_agent", "cookie", "default_headers"])
@pytest.mark.parametrize("make", ["{}\n".format, str.encode], ids=["line break", "bytes"])
def test_no_frame_shows_what_a_client_refuses_to_send(name, make):
    refuse(setattr, ApiClient(Configuration("http://127.0.0.1:1")), name, make(CANARY))


def test_no_frame_shows_an_unusable_token_of_the_environment(monkeypatch):
    pickled = pickle.dumps(Configuration("https://one.example", "token"))
    configuration = Configuration("https://one.example", "token")
    monkeypatch.setenv("GENTRACE_API_KEY", f"{CANARY}\n")
    refuse(Configuration)
    refuse(Configuration.get_default_copy)
    refuse(delattr, configuration, "access_token")
    refuse(pickle.loads, pickled)


@pytest.mark.parametrize("name", ["timeout", "key_file", "assert_hostname", "temp_folder_path"])
def test_refusal_shows_no_part_of_a_long_token(name):
    """Which it would cut in the middle; of what is no secret, it shows the beginning."""
    token = "/".join(f"part-{number}" for number in range(100))
    configuration = Configuration(access_token=token)
    for value, shown in ((token, "got str '***'"), (f"not-{token[1:]}", "got str 'not-art-0")):
        with pytest.raises((ApiTypeError, ApiValueError), match=rf"^{name}: expected") as caught:
            setattr(configuration, name, value)
        assert shown in str(caught.value)
    with pytest.raises(ApiValueError, match=r"^resource_path: .*, got str 'x/\*\*\*'$"):
        ApiClient(configuration).call_api(f"x/{token}", "GET")


def test_refusal_of_a_path_says_why_it_is_none():
    with pytest.raises(ApiValueError) as caught:
        Configuration(temp_folder_path=Broken())
    assert isinstance(caught.value.__cause__, RuntimeError)
