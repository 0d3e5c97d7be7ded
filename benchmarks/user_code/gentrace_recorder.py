"""The plain program with its steps recorded by gentrace."""

import sys
from typing import Any

import gentrace

DOCUMENTS = {
    "A refund takes five days.": [0.16, 0.16, 0.08, 0.0, 0.04],
    "An invoice comes each month.": [0.07, 0.14, 0.07, 0.11, 0.0],
}
MODEL: dict[str, Any] = {"name": "gpt-4o", "temperature": 0.2}


@gentrace.step("embedder")
def embed(text: str) -> list[float]:
    """Return how often each vowel occurs."""
    return [text.count(letter) / len(text) for letter in "aeiou"]


@gentrace.step("retriever")
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


pipeline = gentrace.Pipeline("answer-question")


@pipeline.traced
def answer(question: str) -> str:
    """Answer a question."""
    vector = embed(question)
    passages = retrieve(vector)
    prompt = [question, *passages]
    with gentrace.step("openai", invocation="chat", model_params=MODEL, inputs=prompt) as step:
        completion = complete(prompt, **MODEL)
        step.outputs = completion
    return completion.strip()


if __name__ == "__main__":
    MODEL["temperature"] = float(sys.argv[1])
    print(answer("How long does a refund take?"))
