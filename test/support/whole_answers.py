"""Answers of JSON as they come over the wire."""

from support.peers import head_of

JSON = {"Content-Type": "application/json"}
CHUNKED = JSON | {"Transfer-Encoding": "chunked"}
ID = b'{"pipelineRunId": "run"}'


def sized(body, status=200, **more):
    """An answer with its length; `more` are header fields, `_` for `-`."""
    fields = {name.replace("_", "-"): value for name, value in more.items()}
    return head_of(status, headers=JSON | {"Content-Length": len(body)} | fields) + body


def chunked(body, status=200):
    """An answer in chunks, of which `body` is the text."""
    return head_of(status, headers=CHUNKED) + body
