"""The plain program with its steps put together and sent by hand."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import gentrace
from gentrace.apis.tags.ingestion_api import IngestionApi

steps: list[dict[str, Any]] = []


@contextmanager
def recorded(
    name: str,
    invocation: str,
    inputs: dict[str, object],
    parameters: dict[str, object] | None = None,
) -> Iterator[dict[str, object]]:
    """Record a step; its outputs are put into what this gives."""
    outputs: dict[str, object] = {}
    provider: dict[str, object] = {"name": name, "invocation": invocation, "inputs": {**inputs}}
    if parameters is not None:
        provider["modelParams"] = {**parameters}
    step: dict[str, Any] = {"provider": provider}
    started = datetime.now(UTC)
    start = perf_counter()
    try:
        yield outputs
    except Exception as error:
        step["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        elapsed = round((perf_counter() - start) * 1000)
        step["startTime"] = started
        step["endTime"] = started + timedelta(milliseconds=elapsed)
        step["elapsedTime"] = elapsed
        if outputs:
            provider["outputs"] = outputs
        steps.append(step)


def send() -> None:
    """Send the run."""
    with gentrace.ApiClient() as api_client:
        try:
            IngestionApi(api_client).pipeline_run_post(
                body={"name": "answer-question", "stepRuns": steps}
            )
        except gentrace.OpenApiException as error:
            print(f"the run was not sent: {error}", file=sys.stderr)


DOCUMENTS = {
    "A refund takes five days.": [0.16, 0.16, 0.08, 0.0, 0.04],
    "An invoice comes each month.": [0.07, 0.14, 0.07, 0.11, 0.0],
}
MODEL: dict[str, Any] = {"name": "gpt-4o", "temperature": 0.2}


def embed(text: str) -> list[float]:
    """Return how often each vowel occurs."""
    return [text.count(letter) / len(text) for letter in "aeiou"]


def retrieve(vector: list[float], count: int = 1) -> list[str]:
    """Return the documents that are nearest."""

    def distance(document: str) -> float:
        return sum(abs(a - b) for a, b in zip(vector, DOCUMENTS[document], strict=True))

    return sorted(DOCUMENTS, key=distance)[:count]


def complete(prompt: list[str], name: str, temperature: float) -> str:
    """Stand for the call of a model."""
    if temperature > 1 or not name:
        raise ValueError("the model cannot be called like this")
    return prompt[-1]


def answer(question: str) -> str:
    """Answer a question."""
    with recorded("embedder", "embed", {"text": question}) as outputs:
        vector = embed(question)
        outputs["vector"] = vector
    with recorded("retriever", "retrieve", {"vector": vector}) as outputs:
        passages = retrieve(vector)
        outputs["passages"] = passages
    prompt = [question, *passages]
    with recorded("openai", "chat", {"prompt": prompt}, MODEL) as outputs:
        completion = complete(prompt, **MODEL)
        outputs["completion"] = completion
    return completion.strip()


if __name__ == "__main__":
    MODEL["temperature"] = float(sys.argv[1])
    try:
        print(answer("How long does a refund take?"))
    finally:
        send()
