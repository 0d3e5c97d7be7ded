"""pook: mocked answers are read as real ones, and nothing of it stays behind."""

import pytest
from support.peers import Peer

pytest.importorskip("pook")


@pytest.mark.parametrize(
    ("name", "runs"),
    [("tool_first", ["mocked", "real"]), ("call_first", ["first", "mocked", "real"])],
)
def test_mocked_answer_between_real_ones(run, name, runs):
    with Peer() as peer:
        assert run("pook", name, peer) == {"runs": runs}
        assert len(peer.requests) == len(runs) - 1


def test_mocked_refusal_is_an_exception_of_its_status(run):
    with Peer() as peer:
        assert run("pook", "refusal", peer) == {"kind": "BadRequestException"}
