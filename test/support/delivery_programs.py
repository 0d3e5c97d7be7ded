"""What tests of a delivery run in processes of their own: `python delivery_programs.py NAME …`.

It calls the function of that name with the URL of a server, and prints what that saw as JSON.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

MODULES = ("ending", "spooling", "forking", "interrupted")


def find(name):
    """The function of that name, in whichever module it is."""
    modules = [import_module(f"support.programs_{module}") for module in MODULES]
    return next(vars(module)[name] for module in modules if name in vars(module))


if __name__ == "__main__":
    import gentrace.rest  # noqa: F401 - no time-out of a test shall count the loading of it

    name, *arguments = sys.argv[1:]
    print(json.dumps(find(name)(*arguments)), flush=True)  # noqa: T201 - its result
