"""Programs whose annotations name what only a type checker imports."""

import __future__

import sys


def run_annotated(text, **names):
    """Run a program, and return its names.

    From Python 3.14 on its annotations are evaluated when they are read, which fails; before, the
    import that defers them has to be there.
    """
    flags = __future__.annotations.compiler_flag if sys.version_info < (3, 14) else 0
    names["__name__"] = "program"
    exec(compile(text, "program.py", "exec", flags, dont_inherit=True), names)  # noqa: S102
    return names
