"""The bodies that are sent: chat steps of a seeded vocabulary, and embeddings."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

STEPS = (1, 10, 100, 1000)
DEPTHS = (20, 60, 100, 180)
EMBEDDING_SIZE = 1536
STEPS_WITH_FLOATS = 10

_VOCABULARY = """
about after against all and another answer assistant available because before being between
cancelled change chunk citation comes complete context contract could customer days default
deliver description different document each effective evidence example explain first following
found from given have header highest how in index information invoice is it its knowledge
language latency like longer message model monthly more most must named of on one only or order
original other our page paragraph passage payment pipeline policy previous product prompt
provided query question ranked reference refund request result retrieved return section sentence
several should similar so some source standard step subscription such summary support system
table terms than that the their them then there these they this those through to token tool
under until use valid value vector very we were when where whether which will with within
without would you your
""".split()  # noqa: SIM905 - a list of so many words is hard to read


def _sentence(random_: random.Random, words: int) -> str:
    text = " ".join(random_.choices(_VOCABULARY, k=words))
    return f"{text[0].upper()}{text[1:]}."


def _step(random_: random.Random, start: datetime) -> dict[str, object]:
    elapsed = random_.randrange(200, 4000)
    counts = [random_.randrange(50, 300), random_.randrange(20, 200)]
    return {
        "provider": {
            "name": "openai",
            "invocation": "createChatCompletion",
            "modelParams": {
                "model": "gpt-4-0613",
                "temperature": round(random_.random(), 2),
                "max_tokens": 512,
                "top_p": 1.0,
                "frequency_penalty": 0.0,
                "presence_penalty": 0.0,
            },
            "inputs": {
                "messages": [
                    {"role": "system", "content": _sentence(random_, 25)},
                    {"role": "user", "content": _sentence(random_, 60)},
                ]
            },
            "outputs": {
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "role": "assistant",
                            "content": _sentence(random_, 40),
                        },
                        "finish_reason": "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": counts[0],
                    "completion_tokens": counts[1],
                    "total_tokens": sum(counts),
                },
            },
        },
        "elapsedTime": elapsed,
        "startTime": _rfc3339(start),
        "endTime": _rfc3339(start + timedelta(milliseconds=elapsed)),
    }


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def chat(steps: int) -> dict[str, object]:
    """Return a run of so many chat calls, about 1.4 KB each."""
    random_ = random.Random(steps)  # noqa: S311 - the same content in every run
    start = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    return {
        "name": "answer-question",
        "stepRuns": [_step(random_, start + timedelta(seconds=5 * i)) for i in range(steps)],
    }


def floats() -> dict[str, object]:
    """Return a run of 10 steps that each answered with an embedding of 1,536 floats."""
    random_ = random.Random(EMBEDDING_SIZE)  # noqa: S311 - the same content in every run
    run = chat(STEPS_WITH_FLOATS)
    for step in run["stepRuns"]:  # type: ignore[attr-defined] # made just above
        embedding = [random_.uniform(-1, 1) for _ in range(EMBEDDING_SIZE)]
        step["provider"]["outputs"] = {"embedding": embedding}
    return run


def nested(depth: int) -> dict[str, object]:
    """Return a run of one step whose output nests so many objects, each with a sentence."""
    random_ = random.Random(depth)  # noqa: S311 - the same content in every run
    innermost: dict[str, object] = {}
    for _ in range(depth - 1):
        innermost = {"thought": _sentence(random_, 8), "tool": "search", "next": innermost}
    return {"name": "agent", "stepRuns": [{"provider": {"outputs": innermost}}]}


def texts(character: str, size: int, ending: str = "") -> dict[str, object]:
    """Return a run of 50 texts of one character each, of this size in UTF-8 before the ending."""
    pieces = 50
    text = character * (size // pieces // len(character.encode()))
    documents = [text + ending for _ in range(pieces)]
    return {"name": "index", "stepRuns": [{"provider": {"inputs": {"documents": documents}}}]}


def numbers(count: int) -> dict[str, object]:
    """Return a run with a list of so many small numbers."""
    outputs = {"tokens": [number % 50_000 for number in range(count)]}
    return {"name": "tokenize", "stepRuns": [{"provider": {"outputs": outputs}}]}


def encoded_size(body: object) -> int:
    """Return the size of a body as compact JSON in UTF-8."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
