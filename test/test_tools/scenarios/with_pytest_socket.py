"""pytest-socket: no socket may be made, or only to some hosts."""

import warnings

from calls import main, make, post, tell
from pytest_socket import SocketBlockedError, disable_socket, enable_socket


def blocked(api):
    disable_socket()
    warnings.simplefilter("ignore")  # the guard warns of what it raises
    try:
        return post(api, "blocked")
    except SocketBlockedError:
        return "SocketBlockedError"
    finally:
        enable_socket()


def tool_first(url):
    tell(runs=[blocked(make(url)), post(make(url), "real")])


def call_first(url):
    post(make(url), "zero")
    tell(runs=[blocked(make(url)), post(make(url), "real")])


main(globals())
