"""TLS: whom the client trusts, what it says when it does not, and that the token stays at home."""

import hashlib
import ssl
import sys
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.caller import TOKEN
from support.peers import Peer, authority, authority_pem, echo, names, proxy, raw, server_tls

from gentrace import ApiValueError
from gentrace.exceptions import ApiConnectionException, ApiTlsException, InsecureTransportWarning

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


# Whom to trust.


def test_roots_of_certifi_are_trusted_by_default(connect, monkeypatch):
    """No public server is at hand, so certifi is told to name another file."""
    with authority().cert_pem.tempfile() as path, Peer(tls=server_tls()) as peer:
        connect(peer, ssl_ca_cert=None).fail(ApiTlsException)
        monkeypatch.setattr("certifi.where", lambda: path)
        assert connect(peer, ssl_ca_cert=None).works()


def test_roots_that_cannot_be_imported_are_told(connect, monkeypatch):
    """As at the interpreter's end, when nothing can be imported any more."""
    monkeypatch.setitem(sys.modules, "certifi", None)
    error = connect("https://127.0.0.1:1", ssl_ca_cert=None).fail(ApiConnectionException)
    assert "certifi" in str(error)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_roots_of_the_environment_take_the_place_of_certifis(
    connect, monkeypatch, tmp_path, variable
):
    pem = authority_pem()
    name = "ca.pem" if variable == "SSL_CERT_FILE" else f"{_subject_hash(pem)}.0"
    (tmp_path / name).write_text(pem)
    with authority().cert_pem.tempfile() as path, Peer(tls=server_tls()) as peer:
        monkeypatch.setattr("certifi.where", lambda: path)
        monkeypatch.setenv(variable, str(tmp_path / name if "FILE" in variable else tmp_path))
        assert connect(peer, ssl_ca_cert=None).works()
        (tmp_path / name).write_text(trustme.CA().cert_pem.bytes().decode())
        connect(peer, ssl_ca_cert=None).fail(ApiTlsException)
        assert connect(peer).works()


def test_roots_of_the_environment_that_cannot_be_loaded_are_told(connect, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ApiValueError, match="SSL_CERT_FILE"):
        connect("https://target.test", ssl_ca_cert=None).post()


def test_roots_of_other_tools_are_not_trusted(connect, monkeypatch):
    with authority().cert_pem.tempfile() as path, Peer(tls=server_tls()) as peer:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
        connect(peer, ssl_ca_cert=None).fail(ApiTlsException)


@pytest.mark.parametrize("form", ["file", "folder", "text", "bytes", "two in one text"])
def test_roots_of_the_configuration(connect, tmp_path, form):
    pem = authority_pem()
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    folder = tmp_path / "folder"
    folder.mkdir()
    # OpenSSL finds a certificate in a folder by the hash of its subject.
    digest = _subject_hash(pem)
    (folder / f"{digest}.0").write_text(pem)
    value = {
        "file": file,
        "folder": folder,
        "text": pem,
        "bytes": pem.encode(),
        "two in one text": trustme.CA().cert_pem.bytes().decode() + pem,
    }[form]
    with Peer(tls=server_tls()) as peer:
        assert connect(peer, ssl_ca_cert=value).works()


def _subject_hash(pem):
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    plain = x509.Name(x509.NameAttribute(part.oid, part.value.lower()) for part in subject)
    encoded = plain.public_bytes()
    inside = encoded[2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F) :]
    digest = hashlib.sha1(inside, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def test_roots_of_the_configuration_replace_those_of_certifi(connect, monkeypatch):
    with authority().cert_pem.tempfile() as path, Peer(tls=server_tls()) as peer:
        monkeypatch.setattr("certifi.where", lambda: path)
        other = trustme.CA().cert_pem.bytes().decode()
        connect(peer, ssl_ca_cert=other).fail(ApiTlsException)


@pytest.mark.parametrize(
    "text", ["-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", "a file"]
)
def test_roots_that_cannot_be_loaded_are_told(connect, tmp_path, text):
    if text == "a file":
        text = tmp_path / "ca.pem"
        text.write_text("nonsense")
    with pytest.raises(ApiValueError, match="ssl_ca_cert"):
        connect("https://target.test", ssl_ca_cert=text).post()


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


# Certificates of the client.


@pytest.fixture(scope="module")
def client_ca():
    return trustme.CA()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
@pytest.mark.parametrize("shown", ["none", "another's"])
def test_client_without_its_certificate_is_told(connect, client_ca, tmp_path, version, shown):
    """At once: TLS 1.3 says so only after the handshake, when the request is on its way."""
    context = server_tls(clients=client_ca)
    context.maximum_version = version
    settings = {}
    if shown == "another's":
        settings["cert_file"] = tmp_path / "cert.pem"
        leaf = trustme.CA().issue_cert("client.test")
        leaf.private_key_and_cert_chain_pem.write_to_path(settings["cert_file"])
    with Peer(tls=context) as peer:
        error = connect(peer, **settings).fail(ApiTlsException)
    assert (error.status, peer.connections) == (0, 1)
    assert peer.requests == []


@pytest.mark.parametrize("apart", [True, False])
def test_client_shows_its_certificate(connect, client_ca, tmp_path, apart):
    leaf = client_ca.issue_cert("client.test")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    if apart:
        leaf.cert_chain_pems[0].write_to_path(cert)
        leaf.private_key_pem.write_to_path(key)
    else:
        leaf.private_key_and_cert_chain_pem.write_to_path(cert)
    with Peer(tls=server_tls(clients=client_ca)) as peer:
        caller = connect(peer, cert_file=cert, key_file=key if apart else None)
        assert caller.works()
        caller.configuration.cert_file = caller.configuration.key_file = None
        caller.configuration.retries = 0
        assert isinstance(caller.fail(), ApiConnectionException)


def test_encrypted_key_is_refused_and_nobody_is_prompted(connect, client_ca, tmp_path):
    leaf = client_ca.issue_cert("client.test")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(cert)
    plain = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(b"password")
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(ApiValueError, match="encrypted"):
        connect("https://target.test", cert_file=cert, key_file=key).post()


def test_context_of_a_class_that_was_replaced_is_refused(connect, monkeypatch):
    """As truststore does; Python itself would call one of its setters without end."""
    older = ssl.create_default_context()
    monkeypatch.setattr(ssl, "SSLContext", type("SSLContext", (ssl.SSLContext,), {}))
    with pytest.raises(ApiValueError, match="make it after that"):
        connect("https://target.test", ssl_context=older).post()


@pytest.mark.parametrize("wrong", ["nonsense", "another key", "no key"])
def test_certificate_that_cannot_be_used_is_told(connect, client_ca, tmp_path, wrong):
    leaf = client_ca.issue_cert("client.test")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(cert)
    key.write_bytes(b"nonsense")
    if wrong == "another key":
        client_ca.issue_cert("other.test").private_key_pem.write_to_path(key)
    with pytest.raises(ApiValueError, match="cert_file"):
        connect(
            "https://target.test", cert_file=cert, key_file=None if wrong == "no key" else key
        ).post()


def test_key_without_a_certificate_is_told(connect, tmp_path):
    key = tmp_path / "key.pem"
    trustme.CA().private_key_pem.write_to_path(key)
    with pytest.raises(ApiValueError, match="key_file"):
        connect("https://target.test", key_file=key).post()


# verify_ssl=False.


def test_unchecked_certificate_warns_once_for_each_client(connect):
    with Peer(tls=server_tls("another.test", ca=trustme.CA())) as peer:
        caller = connect(peer, verify_ssl=False)
        with pytest.warns(InsecureTransportWarning, match="verify_ssl") as caught:
            assert caller.works()
        assert TOKEN not in str(caught[0].message)
        assert len(caught) == 1
        assert caller.works()


def test_unchecked_client_does_not_touch_another(connect):
    """As in CVE-2024-35195 of requests, whose sessions went on unchecked after one request."""
    with Peer(tls=server_tls(ca=trustme.CA())) as peer:
        careless, careful = connect(peer, verify_ssl=False), connect(peer)
        with pytest.warns(InsecureTransportWarning):
            assert careless.works()
        careful.fail(ApiTlsException)
        careless.configuration.verify_ssl = True
        careless.fail(ApiTlsException)
        assert len(peer.requests) == 1


def test_unchecked_client_through_a_proxy_does_not_touch_another(connect):
    with (
        Peer(tls=server_tls(ca=trustme.CA())) as peer,
        Peer(proxy(), tls=server_tls(ca=trustme.CA())) as between,
    ):
        with pytest.warns(InsecureTransportWarning):
            assert connect(peer, proxy=between.origin, verify_ssl=False).works()
        connect(peer, proxy=between.origin).fail(ApiTlsException)
    assert len(peer.requests) == 1


def test_plain_http_beyond_loopback_warns_once(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"))
        with pytest.warns(InsecureTransportWarning, match="https://") as caught:
            assert caller.works()
        assert caller.works()
    assert len(caught) == 1
    assert TOKEN not in str(caught[0].message)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_plain_http_on_loopback_does_not_warn(connect, name):
    with Peer(host="::1" if ":" in name else "127.0.0.1") as peer:
        assert connect(peer.at(name)).works()


def test_plain_http_warns_of_a_token_in_any_spelling_of_its_header(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"), access_token=None)
        caller.client.set_default_header("authorization", f"Bearer {TOKEN}")
        with pytest.warns(InsecureTransportWarning):
            assert caller.works()


def test_plain_http_through_a_proxy_elsewhere_warns_for_loopback_too(connect):
    """The token can be read up to the proxy."""
    with Peer(proxy()) as between, Peer() as peer, names({"proxy.test": [between.address]}):
        address = between.at("proxy.test").removesuffix("/api/v1")
        with pytest.warns(InsecureTransportWarning):
            assert connect(peer, proxy=address).works()


def test_warning_names_the_line_of_the_caller(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        for call in (
            lambda caller: caller.api.pipeline_run_post({"name": "n", "stepRuns": []}),
            lambda caller: caller.client.call_api("/pipeline-run", "POST"),
        ):
            with pytest.warns(InsecureTransportWarning) as caught:
                call(connect(peer.at("plain.test")))
            assert caught[0].filename == __file__


def test_warning_that_is_an_error_ends_each_call(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"))
        with warnings.catch_warnings():
            warnings.simplefilter("error", InsecureTransportWarning)
            for _ in range(2):
                with pytest.raises(InsecureTransportWarning):
                    caller.post()
        assert peer.requests == []


def test_setting_that_changes_does_not_warn_again(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        caller = connect(peer.at("plain.test"))
        with pytest.warns(InsecureTransportWarning):
            assert caller.works()
        caller.configuration.connection_pool_maxsize = 7
        assert caller.works()


def test_plain_http_without_a_token_does_not_warn(connect):
    with Peer() as peer, names({"plain.test": [peer.address]}):
        assert connect(peer.at("plain.test"), access_token=None).works()


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
