"""The plain program with its steps recorded by OpenTelemetry."""

import json
import sys
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("answer-question")

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


@tracer.start_as_current_span("answer-question")
def answer(question: str) -> str:
    """Answer a question."""
    with tracer.start_as_current_span("embed") as span:
        span.set_attribute("input", question)
        vector = embed(question)
        span.set_attribute("output", vector)
    with tracer.start_as_current_span("retrieve") as span:
        span.set_attribute("input", vector)
        passages = retrieve(vector)
        span.set_attribute("output", passages)
    prompt = [question, *passages]
    with tracer.start_as_current_span("chat") as span:
        span.set_attribute("gen_ai.system", "openai")
        span.set_attribute("parameters", json.dumps(MODEL))
        span.set_attribute("input", prompt)
        completion = complete(prompt, **MODEL)
        span.set_attribute("output", completion)
    return completion.strip()


if __name__ == "__main__":
    MODEL["temperature"] = float(sys.argv[1])
    print(answer("How long does a refund take?"))
