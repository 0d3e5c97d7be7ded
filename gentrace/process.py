"""Which process this is: a forked child is another one, even where it has the parent's id."""

from __future__ import annotations

import os

_forks = 0


def current_process() -> tuple[int, int]:
    """Return what tells this process from its parent and its children.

    The id alone does not: in a namespace of its own a child may have the same one. Nor does the
    fork hook alone: a program that forks in C code may skip it.
    """
    return os.getpid(), _forks


def _count_fork() -> None:
    global _forks  # noqa: PLW0603 - the one number that a child finds changed
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
