"""Where an export writes while it is under way."""

from support.peers import Peer, head_of, send, then
from support.waiting import wait_until


def test_an_export_writes_beside_the_file_until_all_is_there(command, tmp_path):
    file, parts = tmp_path / "runs.jsonl", []

    def look(*_):
        wait_until(lambda: list(tmp_path.iterdir()))
        parts.extend(tmp_path.iterdir())

    fields = [("Content-Type", "application/jsonl"), ("Transfer-Encoding", "chunked")]
    begin = send(head_of(200, headers=fields), b"5\r\nline\n\r\n")
    with Peer(then(begin, look, send(b"0\r\n\r\n"))) as peer:
        assert command("runs", "export", "--output", file, "--host", peer.url) == (0, "", "")
    assert [part.suffix for part in parts] == [".part"]
    assert file.read_text() == "line\n"
    assert list(tmp_path.iterdir()) == [file]
