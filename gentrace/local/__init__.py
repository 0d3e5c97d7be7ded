"""A local Gentrace server, for a quickstart, work offline, CI and tests.

    with gentrace.local.serve() as server:
        configuration = gentrace.Configuration(host=server.url)

It implements the ingestion API, stores runs in SQLite and serves them to readers; `python -m
gentrace.local` runs it in the foreground. It needs the extra `local`. It validates runs with
jsonschema and the OpenAPI document, independently of the checks of the client.

The server is loaded at first use, so that importing this package alone is cheap.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gentrace.local.server import Server, run, serve
    from gentrace.local.settings import Settings

    RunsApi: Any
    """The client's `gentrace.runs.RunsApi`, which reads stored runs from a server."""

__all__ = ["RunsApi", "Server", "Settings", "run", "serve"]

_SERVER_NAMES = ("Server", "Settings", "run", "serve")


if not TYPE_CHECKING:  # a type checker reports a misspelt name

    def __getattr__(name: str) -> Any:
        """Load the server at first use; ImportError says how to get its dependencies."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "RunsApi":
            from importlib import import_module  # noqa: PLC0415 - few programs need it

            # Not an import statement, as the server must not depend on the client.
            return import_module("gentrace.runs").RunsApi
        try:
            from gentrace.local import server  # noqa: PLC0415 - the extra may not be installed
        except ModuleNotFoundError as error:
            if error.name in sys.stdlib_module_names:  # such as _sqlite3
                remedy = "without which this Python was built"
            else:
                packages = "jsonschema rfc3339-validator starlette uvicorn"
                remedy = f"which is not installed: pip install {packages}"
            raise ImportError(f"gentrace.local needs {error.name}, {remedy}") from error
        globals().update({exported: getattr(server, exported) for exported in _SERVER_NAMES})
        return globals()[name]
