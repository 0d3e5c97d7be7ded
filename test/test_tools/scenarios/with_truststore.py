"""truststore: the roots of the operating system, by injection or as a context of the caller's."""

import os
import ssl

import truststore
from calls import fail, main, make, post, tell

from gentrace.exceptions import ApiTlsException


def tool_first(url):
    truststore.inject_into_ssl()
    api = make(url, ssl_ca_cert=None)
    tell(runs=[post(api, "one"), post(api, "two")])


def call_first(url):
    before = fail(make(url, ssl_ca_cert=None))["kind"]
    truststore.inject_into_ssl()
    api = make(url, ssl_ca_cert=None)
    runs = [post(api, "one"), post(api, "two")]
    truststore.extract_from_ssl()
    tell(before=before, runs=runs, after=post(make(url), "three"))


def own_context(url):
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tell(runs=[post(make(url, ssl_ca_cert=None, ssl_context=context), "one")])


def older_context(url):
    context = ssl.create_default_context(cafile=os.environ["TRUSTED"])
    api = make(url, ssl_context=context)
    runs = [post(api, "one")]
    truststore.inject_into_ssl()
    try:
        post(api, "refused")
    except ApiTlsException as error:
        words = str(error)
    truststore.extract_from_ssl()
    tell(runs=[*runs, post(api, "two")], words=words)


def untrusted_tool_first(url):
    truststore.inject_into_ssl()
    tell(**fail(make(url, ssl_ca_cert=None)))


def untrusted_call_first(url):
    post(make(url), "one")
    truststore.inject_into_ssl()
    tell(**fail(make(url, ssl_ca_cert=None)))


def stalled_tool_first(url):
    truststore.inject_into_ssl()
    tell(**fail(make(url, ssl_ca_cert=None), timeout=1.5))


def stalled_call_first(url):
    fail(make(url, ssl_ca_cert=None), timeout=0.5)
    truststore.inject_into_ssl()
    tell(**fail(make(url, ssl_ca_cert=None), timeout=1.5))


def stalled_own_context(url):
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tell(**fail(make(url, ssl_ca_cert=None, ssl_context=context), timeout=1.5))


main(globals())
