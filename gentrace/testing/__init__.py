"""A real server for tests of programs that send runs to Gentrace.

The pytest plugin provides the fixture `gentrace_server`:

    def test_it_records_its_run(gentrace_server):
        my_program.answer("why?")
        (run,) = gentrace_server.wait_for_runs(1)
        assert run["name"] == "answer-question"

Without pytest, `serve` runs a server for a `with` block, and does not change the environment:

    with gentrace.testing.serve() as server:
        configuration = gentrace.Configuration(host=server.url)

It needs the extra `local`. The server is loaded at first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gentrace.testing.server import Server, serve

__all__ = ["Server", "serve"]


if not TYPE_CHECKING:  # a type checker reports a misspelt name

    def __getattr__(name: str) -> Any:
        """Load the server at first use; ImportError says how to get its dependencies."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gentrace.testing import server  # noqa: PLC0415 - a test run without it loads nothing

        value = globals()[name] = getattr(server, name)
        return value
