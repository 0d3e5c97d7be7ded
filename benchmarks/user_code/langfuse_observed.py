"""The plain program with its steps recorded by langfuse."""

import sys
from typing import Any

from langfuse import get_client, observe

DOCUMENTS = {
    "A refund takes five days.": [0.16, 0.16, 0.08, 0.0, 0.04],
    "An invoice comes each month.": [0.07, 0.14, 0.07, 0.11, 0.0],
}
MODEL: dict[str, Any] = {"name": "gpt-4o", "temperature": 0.2}


@observe(as_type="embedding")
def embed(text: str) -> list[float]:
    """Return how often each vowel occurs."""
    return [text.count(letter) / len(text) for letter in "aeiou"]


@observe(as_type="retriever")
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


langfuse = get_client()


@observe(name="answer-question")
def answer(question: str) -> str:
    """Answer a question."""
    vector = embed(question)
    passages = retrieve(vector)
    prompt = [question, *passages]
    with langfuse.start_as_current_observation(
        as_type="generation",
        name="chat",
        model=MODEL["name"],
        model_parameters=MODEL,
        input=prompt,
    ) as generation:
        completion = complete(prompt, **MODEL)
        generation.update(output=completion)
    return completion.strip()


if __name__ == "__main__":
    MODEL["temperature"] = float(sys.argv[1])
    print(answer("How long does a refund take?"))
