"""How a call ends that met a fault, and how long it may take."""

from dataclasses import dataclass

from support import bombs
from support.fault_scenes import certified, proxied, served
from support.faults import sized
from support.peers import (
    raw,
    reply,
)

PATIENT = (15, 15, 30)
"""The time-outs of a call whose fault does not stall."""

QUICK = (0.4, 0.4, 15)
"""Those of a call whose fault stalls: it may be tried again."""

SHORT = 0.8
"""Those of a call whose fault goes on for ever: it may not."""


@dataclass(frozen=True)
class Cell:
    """How a call ends that met a fault in one phase.

    Attributes:
        raises: name of the exception's class; None if the call succeeds.
        status: of the exception.
        retried: whether it is sent again.
        requests: how many requests the server saw, with one retry allowed.
        arrange: makes the scene.
        timeout: of the call.
        body: of the call; None for a small one.

    """

    raises: str | None
    status: int
    retried: bool
    requests: int
    arrange: object
    timeout: object = PATIENT
    body: object = None

    @property
    def attempts(self):
        return 2 if self.retried else 1

    def __str__(self):
        ends = "succeeds" if self.raises is None else f"`{self.raises}` {self.status}"
        retried = "retried" if self.retried else "not retried"
        count = f"{self.requests} request{'s' * (self.requests != 1)}"
        return f"{ends}, {retried}, {count}"


LOST, TIME, TLS, PROXY = (
    f"Api{kind}Exception" for kind in ("Connection", "Timeout", "Tls", "Proxy")
)
UNREADABLE, TOO_LARGE = "ApiResponseException", "ApiResponseTooLargeException"


def again(raises, arrange, requests=2, **more):
    """A fault after which the call is sent again."""
    return Cell(raises, 0, True, requests, arrange, **more)


def ends(raises, arrange, requests=0, status=0, **more):
    """A fault that ends the call."""
    return Cell(raises, status, False, requests, arrange, **more)


def answer(raises, status, step):
    """An answer that ends the call."""
    return Cell(raises, status, False, 1, served(step))


def busy(raises, status, step):
    """An answer after which the call is sent again."""
    return Cell(raises, status, True, 2, served(step))


def untrusted(make):
    """A certificate that is refused, of the server or of its proxy."""
    return {"TLS": ends(TLS, certified(make)), "proxy": ends(TLS, proxied(tls=make))}


def bomb(name):
    def explode(talk, _):
        talk.send(bombs.packed(name))

    return {"body": answer(UNREADABLE if "six" in name else TOO_LARGE, 200, explode)}


def unreadable(body, **fields):
    return {"body": answer(UNREADABLE, 200, sized(body, **fields))}


def status(code, raises, *, retried=False):
    return {"headers": (busy if retried else answer)(raises, code, reply(code))}


def no_answer(data):
    return {"headers": again(LOST, served(raw(data)))}
