"""TLS contexts of servers, and the authority that signs their certificates."""

import ssl

import trustme

_AUTHORITY = trustme.CA()


def authority():
    """The CA that signs what `server_tls` makes, unless told otherwise."""
    return _AUTHORITY


def authority_pem():
    return authority().cert_pem.bytes().decode()


def server_tls(*names, ca=None, chain=True, clients=None, **validity):
    """A server's context.

    `names` are what its certificate is for, loopback if none; `ca` who signs it; without `chain`
    the intermediate certificates are not sent; `clients` is a CA whose client certificates are
    demanded; `validity` is `not_before`, `not_after`.
    """
    leaf = (ca or authority()).issue_cert(*(names or ("127.0.0.1", "localhost", "::1")), **validity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if chain:
        leaf.configure_cert(context)
    else:
        with leaf.private_key_pem.tempfile() as key, leaf.cert_chain_pems[0].tempfile() as cert:
            context.load_cert_chain(cert, key)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
