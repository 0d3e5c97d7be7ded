"""Whom a client trusts."""

import hashlib
import sys

import pytest
import trustme
from cryptography import x509
from support.peers import Peer, authority, authority_pem, server_tls

from gentrace import ApiValueError
from gentrace.exceptions import ApiConnectionException, ApiTlsException


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
    with pytest.raises(
        ApiValueError, match=r"^environment variable SSL_CERT_FILE: cannot be loaded"
    ):
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
