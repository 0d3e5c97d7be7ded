"""The fixture `gentrace_server`, in test runs of its own."""

import pytest

pytest_plugins = ["pytester"]

HEAD = """
import os, sys
import pytest
import gentrace
from gentrace.apis.tags.ingestion_api import IngestionApi

def post(name):
    with gentrace.ApiClient() as client:
        IngestionApi(client).pipeline_run_post({"name": name, "step_runs": []})
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest on the text of a test module, without the plugins of others, which load slowly."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def launch(text, *arguments):
        pytester.makepyfile(HEAD + text)
        return pytester.runpytest_subprocess("-p", "gentrace", "-p", "no:cacheprovider", *arguments)

    return launch


def test_pytest_loads_the_plugin_by_itself(pytester):
    pytester.makepyfile(
        "def test_the_program(gentrace_server):\n    assert gentrace_server.runs == []"
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_each_test_has_a_server_that_is_empty_and_that_the_environment_names(run, monkeypatch):
    monkeypatch.setenv("GENTRACE_API_KEY", "real-token")
    monkeypatch.setenv("GENTRACE_DISABLED", "1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    done = run(
        """
@pytest.mark.parametrize("name", ["first", "second"])
def test_the_program(gentrace_server, name):
    assert os.environ["GENTRACE_HOST"] == gentrace_server.url
    assert not {"GENTRACE_API_KEY", "GENTRACE_DISABLED"} & os.environ.keys()
    assert gentrace.Configuration().access_token is None
    assert gentrace_server.runs == []
    post(name)
    assert gentrace_server.wait_for_runs(1) == [{"name": name, "stepRuns": []}]
    gentrace_server.fail(times=100)

def test_the_environment_is_as_it_was():
    assert "GENTRACE_HOST" not in os.environ
    assert os.environ["GENTRACE_API_KEY"] == "real-token"
    assert os.environ["GENTRACE_DISABLED"] == "1"
    assert "NO_PROXY" not in os.environ
"""
    )
    done.assert_outcomes(passed=3)


def test_a_test_may_refuse_all_connections_to_its_end(run):
    done = run(
        """
import socket

def refuse(*_, **__):
    raise ConnectionRefusedError

def test_outage(gentrace_server, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert gentrace_server.runs == []
"""
    )
    done.assert_outcomes(passed=1)


def test_a_test_may_refuse_all_databases_to_its_end(run):
    done = run(
        """
import sqlite3

def refuse(*_, **__):
    raise sqlite3.OperationalError("a test opened a database")

def test_no_database(gentrace_server, monkeypatch):
    monkeypatch.setattr(sqlite3, "connect", refuse)
    assert gentrace_server.runs == []
"""
    )
    done.assert_outcomes(passed=1)


ORDERS = """
@pytest.fixture
def patched(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:2/api/v1")
    monkeypatch.setenv("GENTRACE_API_KEY", "of-a-fixture")

def patch(monkeypatch):
    monkeypatch.setenv("GENTRACE_HOST", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("GENTRACE_API_KEY", "of-this-test")
    monkeypatch.delenv("NO_PROXY")

def test_patched_before(monkeypatch, gentrace_server):
    patch(monkeypatch)

def test_patched_after(gentrace_server, monkeypatch):
    patch(monkeypatch)

def test_patched_by_a_fixture(patched, gentrace_server, monkeypatch):
    assert os.environ["GENTRACE_HOST"] == gentrace_server.url
    assert "GENTRACE_API_KEY" not in os.environ
    patch(monkeypatch)

@pytest.mark.usefixtures("gentrace_server")
class TestsThatAllAreForThisServer:
    def test_patched(self, monkeypatch):
        patch(monkeypatch)

class TestsThatAllArePatched:
    @pytest.fixture(autouse=True)
    def _always(self, patched):
        pass

    def test_patched(self, gentrace_server, monkeypatch):
        assert os.environ["GENTRACE_HOST"] == gentrace_server.url
        patch(monkeypatch)

    def test_for_no_server(self):
        assert os.environ["GENTRACE_API_KEY"] == "of-a-fixture"

@pytest.fixture(scope="module", autouse=True)
def _environment():
    before = dict(os.environ)
    yield
    changed = {name for name, _ in before.items() ^ os.environ.items()}
    assert changed <= {"PYTEST_CURRENT_TEST"}
"""


def test_the_environment_is_as_it_was_whatever_else_patches_it(run, monkeypatch):
    """In either order of the fixtures, also where each test of a project has the other one."""
    monkeypatch.setenv("GENTRACE_API_KEY", "of-the-developer")
    done = run(ORDERS)
    done.assert_outcomes(passed=6)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"NO_PROXY": "127.0.0.1"}),
        ({"NO_PROXY": "a.test"}, {"NO_PROXY": "127.0.0.1,a.test"}),
        ({"NO_PROXY": "*"}, {"NO_PROXY": "*"}),
        (
            {"no_proxy": "b.test"},
            {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1,b.test"},
        ),
    ],
)
def test_no_proxy_stands_between(run, monkeypatch, given, expected):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = run(
        f"""
def test_the_program(gentrace_server):
    variables = {{name: os.environ[name] for name in os.environ if name.lower() == "no_proxy"}}
    assert variables == {expected!r}
    post("direct")
"""
    )
    done.assert_outcomes(passed=1)


def test_a_session_has_one_server(run):
    done = run(
        """
urls = set()

@pytest.mark.parametrize("number", range(5))
def test_the_program(gentrace_server, number):
    urls.add(gentrace_server.url)
    assert len(urls) == 1

def test_what_a_test_patches_and_undoes_is_its_own_matter(gentrace_server, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("GENTRACE_API_KEY", "key")
    assert os.environ["GENTRACE_HOST"] == gentrace_server.url
"""
    )
    done.assert_outcomes(passed=6)


def test_each_worker_of_xdist_has_a_server_of_its_own(run, pytester):
    done = run(
        """
@pytest.mark.parametrize("number", range(10))
def test_the_program(gentrace_server, number, worker_id):
    post(f"{worker_id} {number}")
    assert [run["name"] for run in gentrace_server.runs] == [f"{worker_id} {number}"]
    with open("urls", "a") as file:
        print(worker_id, gentrace_server.url, file=file)
""",
        "-p",
        "xdist",
        "-n",
        "2",
        "--dist",
        "each",
    )
    done.assert_outcomes(passed=20)
    lines = set((pytester.path / "urls").read_text().splitlines())
    assert len(lines) == 2
    assert len({line.split()[1] for line in lines}) == 2


def test_the_plugin_imports_nothing_but_pytest_until_the_fixture_is_used(run):
    done = run(
        """
def test_this_run_loaded_the_plugin(request):
    assert request.config.pluginmanager.has_plugin("gentrace")
    loaded = {name.removeprefix("gentrace") for name in LOADED if name.startswith("gentrace")}
    assert loaded == {"", "._version", ".testing", ".testing.plugin"}
""",
        "-p",
        "loaded",
    )
    done.assert_outcomes(passed=1)


@pytest.fixture(autouse=True)
def _note_what_is_loaded(pytester):
    """Make a plugin that keeps, for a test of its run, what was loaded before any test module."""
    pytester.makepyfile(
        loaded="""
import builtins
import sys

def pytest_sessionstart():
    builtins.LOADED = set(sys.modules)
"""
    )
    pytester.syspathinsert()


def test_a_missing_extra_fails_the_fixture_with_the_remedy(run, pytester):
    pytester.makeconftest("import sys\nsys.modules['uvicorn'] = None")
    done = run("def test_the_program(gentrace_server): pass\ndef test_other(): pass")
    done.assert_outcomes(errors=1, passed=1)
    done.stdout.fnmatch_lines(["gentrace_server needs the extra `local`: *uvicorn*pip install*"])
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*another exception*")


def test_the_fixture_is_described(run):
    done = run("", "--fixtures")
    done.stdout.fnmatch_lines(["gentrace_server*", "*Give a real Gentrace server on loopback*"])


def test_each_test_has_a_default_delivery_of_its_own(run):
    """What one test leaves behind reaches no other test, and the program's own comes back."""
    done = run(
        """
from gentrace.delivery import Delivery, default_delivery, set_default_delivery

own = Delivery()
set_default_delivery(own)
used = []

@pytest.mark.parametrize("number", [1, 2])
def test_the_program(gentrace_server, number):
    assert gentrace_server.runs == []
    used.append(default_delivery())
    used[-1].submit({"name": f"run {number}", "step_runs": []})

def test_afterwards():
    assert default_delivery() is own
    assert len({id(each) for each in [own, *used]}) == 3
    assert all(each.stats().accepted == 1 and not each.stats().queued for each in used)
"""
    )
    done.assert_outcomes(passed=3)


def test_a_default_configuration_of_the_program_is_set_aside(run):
    """One of a test is forgotten, and the program's own comes back."""
    done = run(
        """
gentrace.Configuration.set_default(gentrace.Configuration("https://real.test", "real-token"))
pipeline = gentrace.Pipeline("p")

@pytest.mark.parametrize("number", [1, 2])
def test_the_program(gentrace_server, number):
    assert gentrace.Configuration.get_default_copy().access_token is None
    gentrace.Configuration.set_default(gentrace.Configuration(retries=0, access_token="fake"))
    pipeline.start().submit()
    gentrace_server.wait_for_runs(1)

def test_afterwards():
    assert gentrace.Configuration.get_default_copy().access_token == "real-token"
"""
    )
    done.assert_outcomes(passed=3)


def test_a_delivery_of_a_module_is_pointed_at_the_server(run):
    """As the page on tests says: its next run goes there."""
    done = run(
        """
delivery = gentrace.Delivery(mask=lambda step: step)
pipeline = gentrace.Pipeline("p", delivery=delivery)

def test_the_program(gentrace_server, monkeypatch):
    monkeypatch.setattr(delivery.api_client.configuration, "host", gentrace_server.url)
    pipeline.start().submit()
    gentrace_server.wait_for_runs(1)
"""
    )
    done.assert_outcomes(passed=1)


def test_runs_of_a_delivery_that_a_test_makes_reach_no_later_test(run):
    """Also if the test sets it as the default, and the server takes its runs only later."""
    done = run(
        """
pipeline = gentrace.Pipeline("p")

@pytest.mark.parametrize("make", [gentrace.Delivery, gentrace.default_delivery])
def test_the_program(gentrace_server, make):
    assert gentrace_server.runs == []
    gentrace_server.fail(503, times=1, retry_after=60)
    delivery = make()
    gentrace.set_default_delivery(delivery)
    run = pipeline.start()
    run.submit()
    for _ in range(300):
        with pytest.raises(TimeoutError) as waiting:
            run.receipt.result(0.1)
        if "503" in str(waiting.value):
            break
    used.append((delivery, run.receipt))

used = []

def test_afterwards(gentrace_server):
    assert [receipt.exception(0).reason for _, receipt in used] == ["closed"] * 2
"""
    )
    done.assert_outcomes(passed=3)


def test_a_delivery_that_the_program_sets_as_the_default_stays_open(run):
    """And delivers what a test has recorded by that test's end."""
    done = run(
        """
from gentrace.testing import plugin

plugin.CLOSE_TIMEOUT = 60
delivery = gentrace.Delivery()
pipeline = gentrace.Pipeline("p")

@pytest.mark.parametrize("number", [1, 2])
def test_the_program(gentrace_server, monkeypatch, number):
    monkeypatch.setattr(delivery.api_client.configuration, "host", gentrace_server.url)
    gentrace.set_default_delivery(delivery)
    pipeline.start().submit()

def test_afterwards():
    assert gentrace.default_delivery() is not delivery
    assert delivery.stats() == gentrace.DeliveryStats(2, 2)
"""
    )
    done.assert_outcomes(passed=3)


def test_a_run_that_is_delivered_in_the_background_is_waited_for(run):
    done = run(
        """
from gentrace.delivery import default_delivery

def test_the_program(gentrace_server):
    default_delivery().submit({"name": "behind", "step_runs": []})
    assert [run["name"] for run in gentrace_server.wait_for_runs(1)] == ["behind"]
"""
    )
    done.assert_outcomes(passed=1)
