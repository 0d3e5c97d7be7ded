"""A TLS context of the caller's: taken as it is, shared by copies, left out of pickles."""

import copy
import pickle
import ssl

import pytest

from gentrace.configuration import Configuration
from gentrace.exceptions import ApiTypeError, ApiValueError


class Context(ssl.SSLContext):
    """A context of another library, such as truststore's."""


@pytest.fixture(params=[ssl.SSLContext, Context])
def context(request):
    return request.param(ssl.PROTOCOL_TLS_CLIENT)


def test_context_is_kept_and_shared_by_copies(context):
    configuration = Configuration(ssl_context=context)
    assert configuration.ssl_context is context
    for twin in (copy.copy(configuration), copy.deepcopy(configuration), configuration.copy()):
        assert twin.ssl_context is context
    configuration.ssl_context = None
    assert configuration.ssl_context is None


def test_context_is_known_while_another_class_stands_in_its_place(context, monkeypatch):
    monkeypatch.setattr(ssl, "SSLContext", Context)
    assert Configuration(ssl_context=context).ssl_context is context


def test_what_is_no_context_is_refused():
    with pytest.raises(ApiTypeError, match=r"^ssl_context: expected an ssl.SSLContext or None"):
        Configuration(ssl_context="/etc/ssl")


@pytest.mark.parametrize("pickle_token", [False, True])
def test_pickle_says_that_it_cannot_hold_a_context(context, pickle_token):
    """All else is there; once it is set again, to None too, nothing is missing."""
    configuration = Configuration(
        "https://one.example", ssl_context=context, pickle_token=pickle_token
    )
    for replacement in (context, None):
        twin = pickle.loads(pickle.dumps(configuration))  # noqa: S301 - our own
        assert twin.host == "https://one.example"
        with pytest.raises(ApiValueError, match=r"^ssl_context: .* a pickle cannot hold it"):
            twin.check_complete()
        twin.ssl_context = replacement
        twin.check_complete()
