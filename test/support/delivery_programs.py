"""What tests of a delivery run in processes of their own: `python delivery_programs.py NAME …`.

It calls the function of that name with the URL of a server, and prints what that saw as JSON. If
that is when the end began, `at`, it prints how long that took until all exit functions were called:
what the interpreter needs after that depends on the machine alone.
"""

import atexit
import json
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

MODULES = ("ending", "spooling", "forking", "interrupted")


def find(name):
    """The function of that name, in whichever module it is."""
    modules = [import_module(f"support.programs_{module}") for module in MODULES]
    return next(vars(module)[name] for module in modules if name in vars(module))


def show(result):
    print(json.dumps(result), flush=True)  # noqa: T201 - the result of the program


def began_to_end(result):
    return isinstance(result, dict) and "at" in result


def show_end():
    if began_to_end(seen):
        show({"took": time.monotonic() - seen["at"]})


if __name__ == "__main__":
    seen = {}
    atexit.register(show_end)  # before the package's exit function, so that it is called after it
    import gentrace.rest  # noqa: F401 - no time-out of a test shall count the loading of it

    name, *arguments = sys.argv[1:]
    seen = find(name)(*arguments)
    if not began_to_end(seen):
        show(seen)
