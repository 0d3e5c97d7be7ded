"""The one place that hides secrets; see test_secrets for a token's way through the client."""

import copy
import json
import pickle
import pprint
import re
import time
from base64 import b64encode
from io import BytesIO
from urllib.parse import quote

import pytest
from support.canary import CANARY, leaks, spellings

from gentrace.configuration.secrets import (
    Headers,
    Secret,
    SecretBytes,
    mask_bytes,
    mask_headers,
    mask_text,
    mask_url,
)


def _mask_bytes(data, secrets):
    return mask_bytes(BytesIO(data), secrets)


SENSITIVE = [
    "Authorization",
    "Cookie",
    "Proxy-Authorization",
    "Set-Cookie",
    "X-Api-Key",
    "apikey",
    "X_API_KEY",
    "Ocp-Apim-Subscription-Key",
    "X-Amz-Security-Token",
    "Private-Token",
    "CF-Access-Client-Secret",
    "X-Auth",
    "X-Auth-Token",
    "X-Password",
    "X-Credentials",
    "X-Session-Id",
    "X-Serverless-Authorization",
    "Authentication-Info",
    "X-Original-Cookie",
    "X-Api-Key2",
]


@pytest.mark.parametrize("name", SENSITIVE)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_header_with_a_secret_is_masked_in_any_case(name, spell):
    assert mask_headers([(spell(name), CANARY), ("Accept", "text/plain")]) == {
        spell(name): "***",
        "Accept": "text/plain",
    }


HARMLESS = [
    "Accept",
    "Content-Type",
    "User-Agent",
    "Idempotency-Key",
    "X-Author",
    "X-Authority",
    "X-Keyboard",
    "X-RateLimit-Remaining-Tokens",
    "X-Request-Id",
]


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_header_without_a_secret_is_shown(name, spell):
    assert mask_headers([(spell(name), "shown")]) == {spell(name): "shown"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://gentrace.ai/api/v1", "https://gentrace.ai/api/v1"),
        ("http://me:secret@proxy:8080/", "http://***@proxy:8080/"),
        ("http://secret@proxy", "http://***@proxy"),
        ("http://me:sec@ret@proxy", "http://***@proxy"),
        ("http://host/a@b", "http://host/a@b"),
        (
            "via http://me:secret@one and socks5h://me:secret@two",
            "via http://***@one and socks5h://***@two",
        ),
    ],
)
def test_credentials_of_an_address_are_masked(url, shown):
    assert mask_url(url) == shown


def test_secret_is_text_that_shows_itself_masked():
    secret = Secret(CANARY)
    assert secret == CANARY
    assert f"Bearer {secret}" == f"Bearer {CANARY}"
    assert repr(secret) == "'***'"
    for shown in (f"{secret!r}", "%r" % secret, f"{[secret]}", pprint.pformat({"token": secret})):  # noqa: UP031 - the older form is in use
        assert not leaks(shown), shown
    for twin in (copy.copy(secret), copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):  # noqa: S301 - our own
        assert twin == CANARY
        assert type(twin) is Secret


def test_a_part_of_a_secret_shows_itself_masked():
    """As in a traceback of rich, which cuts a long text before it asks for its `repr`."""
    secret = Secret("x" * 200)
    assert secret[:80] == "x" * 80
    assert repr(secret[:80]) == repr(secret[0]) == "'***'"


def test_secret_bytes_show_themselves_masked():
    secret = SecretBytes(CANARY.encode())
    assert secret == CANARY.encode()
    assert not leaks(f"{secret!r} {[secret]}")


@pytest.mark.parametrize("show", [repr, str, pprint.pformat])
def test_header_fields_show_their_secrets_masked(show):
    fields = Headers({"Accept": "text/plain"} | dict.fromkeys(SENSITIVE, CANARY))
    assert "text/plain" in show(fields)
    assert not leaks(show(fields))
    assert fields["Cookie"] == CANARY


def test_replaced_header_keeps_one_spelling():
    fields = Headers({"User-Agent": "one", "Accept": "text/plain"})
    fields.replace({"user-agent": "two", "X-New": "three"})
    assert fields == {"user-agent": "two", "Accept": "text/plain", "X-New": "three"}
    fields.replace({})
    assert len(fields) == 3
    fields.replace({"X-Two": "four", "x-two": "five"})
    assert fields["x-two"] == "five"
    assert len(fields) == 4


WRITTEN = spellings() | {
    b64encode(f"{before}{CANARY}{after}".encode(encoding)).decode()
    for before in ("", "Bearer ", "me:")
    for after in ("", "!")
    for encoding in ("utf-8", "latin-1")
}


@pytest.mark.parametrize("written", sorted(WRITTEN))
def test_secret_in_any_spelling_is_scrubbed(written):
    """A server may repeat what it got as text, JSON, HTML, in an address or encoded."""
    text = mask_text(f"größer <{written}> after", [CANARY])
    assert not leaks(text)
    assert re.fullmatch(r"größer <.{,12}\*\*\*.{,4}> after", text)
    for encoding in ("utf-8", "latin-1"):
        data = _mask_bytes(f"größer <{written}> after".encode(encoding), [CANARY])
        assert not leaks(data)
        assert data.startswith("größer <".encode(encoding))
        assert data.endswith(b"> after")


@pytest.mark.parametrize("hidden", ["a%25b&cdefgh", "pass%25word&x", "tok\\\\en'12345"])
def test_secret_that_looks_escaped_is_masked_escaped(hidden):
    for written in (hidden, json.dumps(hidden)[1:-1], quote(hidden)):
        assert mask_text(f"<{written}>", [hidden]) == "<***>"


@pytest.mark.parametrize(
    "written",
    [
        r"<sk\/Li&ve+Key\/98==>",
        r"<sk/Li\u0026ve\u002BKey/98==>",
        r"<sk/Li\u0026ve+Key/98\u003d\u003d>",
        r"<sk\/Li\u0026ve+Key\/98==>",
        "<sk%2FLi&ve+Key%2F98==>",
        "<sk/Li&ve+Key/98==>",
        "<sk%252FLi%2526ve%252BKey%252F98%253D%253D>",
    ],
    ids=["PHP", ".NET", "Gson", "PHP with flags", "path of Go", "path of a browser", "twice"],
)
def test_key_with_punctuation_is_masked_as_encoders_write_it(written):
    assert mask_text(written, ["sk/Li&ve+Key/98=="]) == "<***>"
    assert _mask_bytes(written.encode(), ["sk/Li&ve+Key/98=="]) == b"<***>"


def test_secret_inside_of_another_is_looked_for_alone():
    assert mask_text("<Bearer token-12>", ["Bearer token-12", "token-12"]) == "<Bearer ***>"
    assert mask_text("<Bearer token-1>", ["Bearer token-1", "token-1"]) == "<***>"


def test_secret_that_latin_1_does_not_have_is_scrubbed():
    """The password of a proxy may be any text."""
    hidden = "пароль €"
    for written in (hidden, quote(hidden), json.dumps(hidden)[1:-1]):
        assert mask_text(f"<{written}>", [hidden]) == "<***>"
        assert _mask_bytes(f"<{written}>".encode(), [hidden]) == b"<***>"


def test_every_secret_is_masked_and_nothing_else():
    assert (
        mask_text("one, secret-two, secret-three", ["secret-two", "secret-three"])
        == "one, ***, ***"
    )
    assert mask_text("one two", []) == "one two"
    data = bytes(range(256))
    assert _mask_bytes(data, [CANARY]) == data


def test_word_too_short_for_a_secret_stays():
    """A token such as `none` in a test does not turn a server's words into asterisks."""
    assert mask_text("none of them", ["none", ""]) == "none of them"
    assert _mask_bytes(b"none of them", ["none", ""]) == b"none of them"


SIZE = 2**22
HARD = {
    "nearly everywhere": ("/" * 60 + "x", "/" * SIZE),
    "nearly everywhere, with its end": ("/" * 60 + "x", ("/" * 59 + "x") * (SIZE // 60)),
    "everywhere": ("/" * 60 + "x", ("/" * 60 + "x") * (SIZE // 61)),
    "short": ("/" * 8, "/" * SIZE),
    "its base64": ("U" * 60 + "x", "V" * SIZE),
    "backslashes": ("\\" * 60 + "x", "\\" * SIZE),
    "escaped": ("%" * 60 + "x", "%25" * (SIZE // 3)),
    "long": ("/" * 4000 + "x", "/" * SIZE),
    "its beginning": (CANARY, CANARY[:-1] * (SIZE // len(CANARY))),
}


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.parametrize("name", HARD)
def test_masking_takes_at_most_ten_times_as_long_as_reading_plain_json(name):
    """The best of some rounds, each beside its measure: others load the machine too."""
    secret, text = HARD[name]
    data, plain = text.encode(), json.dumps("x" * SIZE)
    for mask in (lambda: mask_text(text, [secret]), lambda: _mask_bytes(data, [secret])):
        rounds = ((seconds(mask), seconds(lambda: json.loads(plain))) for _ in range(10))
        assert any(masking < 10 * reading for masking, reading in rounds)
