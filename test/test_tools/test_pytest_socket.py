"""pytest-socket: a socket that is not allowed ends the call with the guard's own error."""

import pytest

pytest.importorskip("pytest_socket")


@pytest.mark.parametrize("name", ["tool_first", "call_first"])
def test_blocked_socket_ends_the_call_and_later_calls_work(run, scheme, name):
    with scheme() as peer:
        assert run("pytest_socket", name, peer) == {"runs": ["SocketBlockedError", "real"]}
