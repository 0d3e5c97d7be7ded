"""A cluster of processes on this machine, and a server to send to."""

import pytest

import gentrace.testing

pytest.importorskip("distributed", reason="Dask, of the extra dask, is not installed")

from distributed import Client, LocalCluster

TOKEN = "token-of-the-workers"  # noqa: S105 - of nobody


@pytest.fixture(scope="session")
def cluster():
    """Two workers, each a process of its own; a token is in their environment.

    To silence logs would silence those of later tests, too, by the handlers of the root logger.
    """
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with LocalCluster(
        **settings, dashboard_address=":0", env={"GENTRACE_API_KEY": TOKEN}, silence_logs=False
    ) as made:
        yield made


@pytest.fixture
def engine(cluster):
    """The cluster, as what bags are computed on."""
    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture(scope="session")
def _shared():
    with gentrace.testing.serve() as server:
        yield server


@pytest.fixture
def server(_shared):
    """A server that holds nothing yet."""
    _shared.clear()
    return _shared
