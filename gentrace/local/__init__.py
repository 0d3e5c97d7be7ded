"""A Gentrace server of one's own: for a quickstart, an offline laptop, CI and tests.

    with gentrace.local.serve() as server:
        configuration = gentrace.Configuration(host=server.url)

It speaks the ingestion API, stores runs in SQLite and gives them back; `python -m gentrace.local`
runs it in the foreground. It needs the extra `local`. Its checks come from the shipped OpenAPI
document by way of jsonschema, so that they are a second opinion on the SDK's own.

What is in here is loaded at first use: importing the package alone costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gentrace.local.server import Server, run, serve
    from gentrace.local.settings import Settings

    RunsApi: Any
    """The client's `gentrace.runs.RunsApi`, which reads back what a server has stored."""

__all__ = ["RunsApi", "Server", "Settings", "run", "serve"]

_OF_THE_SERVER = ("Server", "Settings", "run", "serve")


if not TYPE_CHECKING:  # to a checker, a misspelt name is an error

    def __getattr__(name: str) -> Any:
        """Load the server at first use; ImportError says how to get its dependencies."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "RunsApi":
            from importlib import import_module  # noqa: PLC0415 - few come here

            # By its name: the server itself knows nothing of the client.
            return import_module("gentrace.runs").RunsApi
        try:
            from gentrace.local import server  # noqa: PLC0415 - the extra may not be installed
        except ModuleNotFoundError as error:
            raise ImportError(
                f"gentrace.local needs {error.name}, which is not installed: "
                "pip install jsonschema rfc3339-validator starlette uvicorn"
            ) from error
        globals().update({exported: getattr(server, exported) for exported in _OF_THE_SERVER})
        return globals()[name]
