"""Steps: what a peer does about one request; several are greetings too."""

import http.client
import json


def echo(talk, request):
    """200 with the request's own Idempotency-Key as the run's id."""
    reply(body={"pipelineRunId": request["Idempotency-Key"] or "none"})(talk, request)


def head_of(status=200, reason=None, headers=()):
    """The head of an answer; a value of None leaves a field out."""
    phrase = http.client.responses.get(status, "") if reason is None else reason
    lines = [f"HTTP/1.1 {status} {phrase}"]
    fields = headers.items() if isinstance(headers, dict) else headers
    lines += [f"{name}: {value}" for name, value in fields if value is not None]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def reply(status=200, body=None, headers=(), *, reason=None, content_type="application/json"):
    """Answer; `body` is bytes, or a JSON value. `Connection: close` among `headers` is kept."""
    if body is None:
        body = {"pipelineRunId": "run"} if status == 200 else {"message": "no"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = list(headers.items() if isinstance(headers, dict) else headers)
    fields = [*given, ("Content-Type", content_type), ("Content-Length", len(data))]
    message = head_of(status, reason, fields) + data

    def answer(talk, _=None):
        talk.send(message)
        if ("Connection", "close") in given:
            raise EOFError

    return answer


def send(*pieces):
    """Send these bytes."""
    return lambda talk, _=None: talk.send(*pieces)


def raw(*pieces):
    """Send these bytes, then close."""
    return then(send(*pieces), close)


def endless(head, piece):
    """Send `head`, then `piece` again and again."""

    def answer(talk, _=None):
        talk.send(head)
        while True:
            talk.send(piece)

    return answer


def drip(head, slow, every=0.1):
    """Send `head`, then `slow` byte by byte, starting over at its end."""

    def answer(talk, _=None):
        talk.send(head)
        while not talk.ended:
            for place in range(len(slow)):
                talk.send(slow[place : place + 1])
                talk.pause(every)

    return answer


def stall(talk, _=None):
    """Say nothing until the client or the test ends."""
    talk.stall()


def reset(talk, _=None):
    """Close with RST."""
    talk.reset()
    raise EOFError


def close(_talk, _=None):
    """Close with FIN."""
    raise EOFError


def then(*steps):
    """Do one step after another, for one request."""

    def answer(talk, request=None):
        for step in steps:
            step(talk, request)

    return answer
