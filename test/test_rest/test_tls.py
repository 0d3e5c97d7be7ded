"""TLS: what the client says when it does not trust, and that the token stays at home."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from support.caller import TOKEN
from support.peers import Peer, authority, authority_pem, echo, names, proxy, raw, server_tls

from gentrace.exceptions import ApiConnectionException, ApiTlsException

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def intermediate():
    """A CA that the trusted one signed."""
    return authority().create_child_ca()


def self_signed():
    """A server whose certificate nobody signed."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ca.cert_pem.tempfile() as cert, ca.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    return context


def only(version):
    """A server of one version of TLS."""
    context = server_tls()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


NOT_TRUSTED = "self-signed or of an unknown issuer, or the server does not send an intermediate"

FAULTS = {
    "self-signed": (lambda _: self_signed(), NOT_TRUSTED, "ssl_ca_cert"),
    "untrusted": (lambda _: server_tls(ca=trustme.CA()), NOT_TRUSTED, "ssl_ca_cert"),
    "missing intermediate": (
        lambda ca: server_tls(ca=ca, chain=False),
        NOT_TRUSTED,
        "ssl_ca_cert",
    ),
    "expired": (
        lambda _: server_tls(not_before=NOW - 2 * DAY, not_after=NOW - DAY),
        "expired",
        "clock",
    ),
    "not yet valid": (
        lambda _: server_tls(not_before=NOW + DAY, not_after=NOW + 2 * DAY),
        "not valid yet",
        "clock",
    ),
    "wrong name": (lambda _: server_tls("another.test"), "another name", "tls_server_name"),
    "wrong address": (lambda _: server_tls("127.0.0.2"), "another name", "tls_server_name"),
    "no wildcard for it": (lambda _: server_tls("*.test"), "another name", "tls_server_name"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_certificate_that_is_not_right_is_told_before_the_token_is_sent(
    connect, intermediate, fault
):
    make, says, remedy = FAULTS[fault]
    with Peer(tls=make(intermediate)) as peer:
        error = connect(peer).fail(ApiTlsException)
        peer.wait(lambda: peer.open == 0)
    assert (error.status, error.tries) == (0, 0)
    assert says in str(error)
    assert remedy in str(error)
    assert f"127.0.0.1:{peer.address[1]}" in str(error)
    assert (peer.requests, peer.received) == ([], b"")
    assert peer.connections == 1


def test_whole_chain_is_trusted(connect, intermediate):
    with Peer(tls=server_tls(ca=intermediate)) as peer:
        assert connect(peer).works()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS"),
    ],
)
def test_plain_server_at_a_tls_port_is_told(connect, answer, says):
    with Peer(greet=raw(answer)) as peer:
        error = connect(peer.at("127.0.0.1", "https"), retries=0).fail(ApiTlsException)
    assert says in str(error)
    assert "http://" in str(error)
    assert (error.status, error.tries) == (0, 0)
    assert TOKEN.encode() not in peer.received


def test_plain_http_server_that_waits_for_a_request_is_told(connect):
    """It answers to the handshake as to a bad request."""

    def answer_bad_request(talk):
        talk.receive()
        raw(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")(talk)

    with Peer(greet=answer_bad_request) as peer:
        error = connect(peer.at("127.0.0.1", "https"), retries=0).fail(ApiTlsException)
    assert "does not speak TLS" in str(error)


@pytest.mark.parametrize("answers", ["not at all", "with an alert"])
def test_tls_port_reached_by_plain_http_is_told(connect, answers):
    """OpenSSL just closes, others say in TLS what they think of it."""
    alert = raw(b"\x15\x03\x01\x00\x02\x02\x16")
    step, tls = (echo, server_tls()) if answers == "not at all" else (alert, None)
    with Peer(step, tls=tls) as peer:
        error = connect(peer.at("127.0.0.1", "http"), retries=0).fail()
    assert isinstance(error, ApiConnectionException)
    assert error.status == 0
    assert "https://" in str(error)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=str)
def test_versions_before_1_2_are_refused(connect, version):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = only(version)
    with Peer(tls=context) as peer:
        error = connect(peer, retries=0).fail(ApiTlsException)
    assert error.status == 0
    assert peer.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_versions_from_1_2_on_work(connect, version):
    with Peer(tls=only(version)) as peer:
        assert connect(peer).works()


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x03\x00\x04\xff\xff\xff\xff", b"\x15\x03\x03\x00\x02\x02\x28", bytes(64)]
)
def test_handshake_that_fails_is_told(connect, garbage):
    def fail(talk):
        talk.receive()
        raw(garbage)(talk)

    with Peer(greet=fail) as peer:
        error = connect(peer.at("127.0.0.1", "https"), retries=0).fail(ApiTlsException)
    assert (error.status, error.tries) == (0, 0)


@pytest.mark.parametrize("end", ["close", "reset"])
def test_handshake_that_breaks_off_is_tried_again(connect, monkeypatch, end):
    monkeypatch.setattr("time.sleep", lambda _: None)

    def break_off(talk):
        if talk.number < 2:
            talk.receive()
            if end == "reset":
                talk.reset()
            raise EOFError

    with Peer(greet=break_off, tls=server_tls()) as peer:
        assert connect(peer).works()
    assert peer.connections == 3


# Names.


def test_tls_server_name_is_asked_for_and_checked(connect):
    asked = []
    context = server_tls("api.example.test")
    context.sni_callback = lambda _, name, __: asked.append(name)
    with Peer(tls=context) as peer:
        caller = connect(peer)
        caller.fail(ApiTlsException)
        caller.configuration.tls_server_name = "api.example.test"
        assert caller.works()
        caller.configuration.tls_server_name = "other.example.test"
        caller.fail(ApiTlsException)
    assert asked == [None, "api.example.test", "other.example.test"]
    assert peer.requests[0]["Host"] == f"127.0.0.1:{peer.address[1]}"


@pytest.mark.parametrize(
    ("name", "trusted"), [("api.example.test", True), ("other.test", False), (False, True)]
)
def test_assert_hostname_is_what_the_certificate_must_be_for(connect, name, trusted):
    with Peer(tls=server_tls("api.example.test")) as peer:
        caller = connect(peer, assert_hostname=name)
        if trusted:
            assert caller.works()
        else:
            assert "another name" in str(caller.fail(ApiTlsException))


def test_assert_hostname_leaves_the_issuer_to_be_checked(connect):
    with Peer(tls=server_tls("api.test", ca=trustme.CA())) as peer:
        for name in ("api.test", False):
            assert "not trusted" in str(connect(peer, assert_hostname=name).fail(ApiTlsException))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST", "api.test"])
def test_name_of_the_host_is_checked(connect, name):
    host = "::1" if ":" in name else "127.0.0.1"
    with (
        Peer(tls=server_tls(name.strip("[]").lower()), host=host) as peer,
        names({"api.test": [peer.address]}),
    ):
        assert connect(peer.at(name)).works()


def test_context_of_a_class_that_was_replaced_is_refused(connect, monkeypatch):
    """As truststore does; Python itself would call one of its setters without end."""
    older = ssl.create_default_context()
    monkeypatch.setattr(ssl, "SSLContext", type("SSLContext", (ssl.SSLContext,), {}))
    with pytest.raises(ApiTlsException, match="make it after that"):
        connect("https://target.test", ssl_context=older).post()


# A context of the caller's.


def test_context_of_the_caller_takes_the_place_of_all_settings(connect):
    context = ssl.create_default_context(cadata=authority_pem())
    with Peer(tls=server_tls()) as peer, Peer(proxy(), tls=server_tls()) as between:
        other = trustme.CA().cert_pem.bytes().decode()
        caller = connect(peer, ssl_ca_cert=other)
        caller.fail(ApiTlsException)
        caller.configuration.ssl_ca_cert = None
        caller.configuration.ssl_context = context
        assert caller.works()
        caller.configuration.proxy = between.origin
        assert caller.works()


@pytest.mark.parametrize("name", ["other.test", "127.0.0.1", False])
def test_context_of_the_caller_decides_about_names_and_stays_as_it_was(connect, name):
    context = ssl.create_default_context(cadata=authority_pem())
    with Peer(tls=server_tls()) as peer, Peer(tls=server_tls("other.test")) as other:
        assert connect(peer, ssl_context=context, assert_hostname=name).works()
        caller = connect(other, ssl_context=context, assert_hostname=name)
        assert "another name" in str(caller.fail(ApiTlsException))
        caller.configuration.tls_server_name = "other.test"
        assert caller.works()
    assert context.check_hostname


@pytest.mark.parametrize(
    ("asserted", "is_accepted"),
    [(None, False), ("api.test", False), ("other.test", True), (False, True)],
)
def test_assert_hostname_acts_beside_a_context_that_checks_no_names(connect, asserted, is_accepted):
    context = ssl.create_default_context(cadata=authority_pem())
    context.check_hostname = False
    with Peer(tls=server_tls("other.test")) as peer:
        caller = connect(peer, ssl_context=context, assert_hostname=asserted)
        if is_accepted:
            assert caller.works()
        else:
            assert "another name" in str(caller.fail(ApiTlsException))


def test_error_of_tls_that_python_makes_is_worded(connect, monkeypatch):
    """As truststore's on Windows and macOS, which has no `reason` of OpenSSL's."""

    def refuse(*_, **__):
        raise ssl.SSLCertVerificationError("the system does not trust it")

    with Peer(tls=server_tls()) as peer:
        caller = connect(peer)
        with monkeypatch.context() as patch:
            patch.setattr(ssl.SSLContext, "wrap_socket", refuse)
            error = caller.fail(ApiTlsException)
        assert "the system does not trust it" in str(error)
        assert caller.works()
