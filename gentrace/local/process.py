"""Which process this is: a forked child is another one."""

import os


class Process:
    """The process in which this was made."""

    def __init__(self) -> None:
        self._made_in = _Current.token

    def is_current(self) -> bool:
        """Whether it is the one that asks, and no child of it."""
        return self._made_in is _Current.token


class _Current:
    # Not its id, which a child in a namespace of its own may share.
    token = object()


def _renew() -> None:
    _Current.token = object()


# Not on every system, and where it is not there are no forks.
_register = getattr(os, "register_at_fork", lambda **_: None)
_register(after_in_child=_renew)
