"""The certificate that a client shows."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.peers import Peer, server_tls

from gentrace import ApiValueError
from gentrace.exceptions import ApiConnectionException, ApiTlsException


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


def test_certificate_without_its_key_says_what_to_set(connect, client_ca, tmp_path):
    cert = tmp_path / "cert.pem"
    client_ca.issue_cert("client.test").cert_chain_pems[0].write_to_path(cert)
    caller = connect("https://127.0.0.1:1", cert_file=cert)
    with pytest.raises(ApiValueError, match=r"^cert_file: .*; if its key .*, set key_file$"):
        caller.post()


def test_certificate_that_went_away_is_said_to_be_missing(connect, tmp_path):
    cert = tmp_path / "cert.pem"
    cert.touch()
    caller = connect("https://127.0.0.1:1", cert_file=cert)
    cert.unlink()
    with pytest.raises(ApiValueError, match=r"^cert_file: .*: No such file or directory$"):
        caller.post()


def test_encrypted_key_is_refused_and_nobody_is_prompted(connect, client_ca, tmp_path):
    leaf = client_ca.issue_cert("client.test")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(cert)
    plain = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(b"password")
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(ApiValueError, match="encrypted"):
        connect("https://target.test", cert_file=cert, key_file=key).post()


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
