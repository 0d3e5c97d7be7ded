"""truststore, injected before or after the first call, or given as a context."""

import pytest
from support.peers import Peer, server_tls, stall

pytest.importorskip("truststore")


@pytest.mark.parametrize("name", ["tool_first", "own_context"])
def test_call_trusts_what_the_system_trusts(run, name):
    with Peer(tls=server_tls()) as peer:
        seen = run("truststore", name, peer, SSL_CERT_FILE=run.trusted)
    assert seen["runs"] == ["one", "two"][: len(seen["runs"])]


def test_injection_after_the_first_call_and_its_end_both_act(run):
    with Peer(tls=server_tls()) as peer:
        seen = run("truststore", "call_first", peer, SSL_CERT_FILE=run.trusted)
    assert seen == {"before": None, "runs": ["one", "two"], "after": "three"}


def test_context_that_is_older_than_the_injection_is_refused(run):
    """Python itself would call one of its setters without end."""
    with Peer(tls=server_tls()) as peer:
        seen = run("truststore", "older_context", peer)
    assert seen["runs"] == ["one", "two"]
    assert "make it after that" in seen["words"]


@pytest.mark.parametrize("name", ["untrusted_tool_first", "untrusted_call_first"])
def test_certificate_that_the_system_does_not_trust_is_worded(run, name):
    with Peer(tls=server_tls()) as peer:
        seen = run("truststore", name, peer)
    assert seen["kind"] == "ApiTlsException"
    assert "certificate" in seen["words"]


@pytest.mark.parametrize("greet", ["connection", "answer"])
@pytest.mark.parametrize(
    "name", ["stalled_tool_first", "stalled_call_first", "stalled_own_context"]
)
def test_deadline_holds(run, name, greet):
    """Whether the handshake or the answer is what never comes."""
    steps = {"connection": {"greet": stall}, "answer": {}}[greet]
    with Peer(stall, tls=server_tls(), **steps) as peer:
        seen = run("truststore", name, peer, SSL_CERT_FILE=run.trusted)
    assert seen["kind"] == "ApiTimeoutException"
    assert seen["took"] < 2.5
