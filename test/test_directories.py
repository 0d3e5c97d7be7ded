"""Relative paths where the working directory was removed, and private directories."""

import os
import stat

import pytest
from support.deliveries import RUN, delivering
from support.peers import Peer

from gentrace import Delivery
from gentrace.backfill import send_lines
from gentrace.directories import absolute, make_private_directory
from gentrace.local.store import Store

REMEDY = "the working directory was removed; give an absolute path"


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working directory that was removed."""
    directory = tmp_path / "gone"
    directory.mkdir()
    monkeypatch.chdir(directory)
    directory.rmdir()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "use",
    [absolute, Store, lambda path: Delivery(spool=path), lambda path: send_lines([], state=path)],
)
def test_a_relative_path_below_a_removed_directory_is_named_with_the_remedy(use):
    with pytest.raises(FileNotFoundError, match=f"{REMEDY}: 'some/file'$"):
        use("some/file")


def store_locally(directory):
    Store(directory / "runs.sqlite3").close()


def spool(directory):
    with Peer() as peer, delivering(peer, spool=directory) as delivery:
        delivery.submit(RUN)


@pytest.mark.parametrize("make", [make_private_directory, store_locally, spool])
def test_all_directories_that_are_made_are_private_and_others_keep_their_mode(make, tmp_path):
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        make(tmp_path / "one" / "two" / "three")
        make(tmp_path / "one" / "two" / "three")
    finally:
        os.umask(before)
    made = ["one", "one/two", "one/two/three"]
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in made] == [0o700] * 3
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_directory_that_cannot_be_made_keeps_its_reason(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        make_private_directory(loop / "one" / "two")
