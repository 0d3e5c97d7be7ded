"""Answer a question about this project from its own documentation, and send the run.

    python examples/quickstart.py "How often is a call retried?"

With `GENTRACE_API_KEY` the run goes to the hosted API, or to `GENTRACE_HOST`. Without it, it goes
to a local server that this program starts, which stores it in `gentrace.sqlite3`; the run is then
read back and shown.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gentrace
import gentrace.local
from gentrace.apis.tags.ingestion_api import IngestionApi
from gentrace.model.pipeline_run_request import PipelineRunRequest
from gentrace.model.step_run import StepRun
from gentrace.model.step_run_provider import StepRunProvider

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = Path(__file__).resolve().parents[1]
QUESTION = "How often is a failed call sent again?"
DATABASE = "gentrace.sqlite3"
PARAMETERS: dict[str, dict[str, Any]] = {
    "retrieve": {"passages": 4},
    "prompt": {"template": "Answer from these passages:\n\n{passages}\n\nQuestion: {question}"},
    "compose": {"sentences": 2},
}


def words(text: str) -> set[str]:
    """Return the words of a text, without case and endings."""
    found = re.findall(r"[a-z]{3,}", text.lower())
    return {re.sub(r"(ies|ing|ed|es|s|y)$", "", word) for word in found}


def best(question: str, texts: list[str], count: int) -> list[str]:
    """Return up to `count` texts that share most with the question; rare words weigh more."""
    spread = Counter(word for text in texts for word in words(text))
    weight = {word: math.log(len(texts) / spread[word]) for word in words(question) if spread[word]}
    scores: dict[str, float] = {}
    for text in texts:
        known = words(text)
        scores[text] = sum(weight[word] for word in weight if word in known) / (9 + len(known))
    ranked = sorted(scores, key=lambda text: scores[text], reverse=True)
    return [text for text in ranked[:count] if scores[text] > 0]


def split(page: str) -> list[str]:
    """Return the paragraphs and the rows of tables of a Markdown page, first and last cell."""
    text = re.sub(r"```.*?```|[^\n]*\n[- |]+\n|\(\S*[/#.]\S*\)|[][`*]", "", page, flags=re.DOTALL)
    cells = [line.split(" | ") for line in text.split("\n") if re.search(r"\w.* \| .*\w", line)]
    rows = [f"{row[0]}: {row[-1] or row[-2]}" for row in cells]
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n") if " | " not in part]
    return [part for part in rows + paragraphs if re.match(r"\w", part)]


def retrieve(question: str, passages: int) -> dict[str, Any]:
    """Find the passages of the documentation that fit a question."""
    pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
    texts = [part for page in pages for part in split(page.read_text("utf-8"))]
    return {"passages": best(question, texts, passages), "searched": len(texts)}


def build_prompt(question: str, passages: list[str], template: str) -> dict[str, Any]:
    """Write what a model would be asked."""
    return {"prompt": template.format(passages="\n".join(passages), question=question)}


def compose(prompt: str, sentences: int) -> dict[str, Any]:
    """Answer a prompt with the sentences in it that fit its question best."""
    given, _, question = prompt.rpartition("\n\nQuestion: ")
    passages = given.partition("\n\n")[2]
    said = best(question, re.split(r"(?<=[.]) |\n", passages), sentences)
    return {"answer": " ".join(said) or "The documentation does not say."}


def run_step(name: str, function: Callable[..., dict[str, Any]], **inputs: Any) -> StepRun:
    """Carry out one step, and record it."""
    start = datetime.now(UTC)
    outputs = function(**inputs, **PARAMETERS[name])
    end = datetime.now(UTC)
    return StepRun(
        provider=StepRunProvider(
            name="quickstart",
            invocation=name,
            model_params=PARAMETERS[name],
            inputs=inputs,
            outputs=outputs,
        ),
        elapsed_time=round((end - start).total_seconds() * 1000),
        start_time=start,
        end_time=end,
    )


def outputs_of(step: StepRun) -> dict[str, Any]:
    """Return what a step answered."""
    return dict(step["provider"]["outputs"])


def answer(question: str) -> PipelineRunRequest:
    """Run the pipeline."""
    found = run_step("retrieve", retrieve, question=question)
    passages = outputs_of(found)["passages"]
    prompted = run_step("prompt", build_prompt, question=question, passages=passages)
    composed = run_step("compose", compose, prompt=outputs_of(prompted)["prompt"])
    return PipelineRunRequest(name="answer-question", step_runs=[found, prompted, composed])


def send(client: gentrace.ApiClient, run: PipelineRunRequest) -> str:
    """Send a run, and return the id that it is stored under."""
    response = IngestionApi(client).pipeline_run_post(run)
    return str(response.body["pipelineRunId"])


def show(stored: dict[str, Any], database: Path) -> None:
    """Print a run as the local server gave it back."""
    print(f"run       {stored['pipelineRunId']}")
    for step in stored["pipelineRun"]["stepRuns"]:
        print(f"step      {step['provider']['invocation']:<10}{step['elapsedTime']:>6} ms")
    print(f"stored in {database}")


def main() -> None:
    """Answer the question, send the run and show it."""
    question = " ".join(sys.argv[1:]) or QUESTION
    run = answer(question)
    print(f"question  {question}")
    print(f"answer    {outputs_of(run.step_runs[-1])['answer']}")
    if os.environ.get("GENTRACE_API_KEY"):
        with gentrace.ApiClient() as client:
            print(f"run       {send(client, run)}")
            print(f"sent to   {client.configuration.host}")
        return
    with (
        gentrace.local.serve(database=DATABASE) as server,
        gentrace.ApiClient(gentrace.Configuration(host=server.url)) as client,
    ):
        stored = client.call_api(f"/pipeline-runs/{send(client, run)}", "GET").json()
        show(stored, server.database)


if __name__ == "__main__":
    main()
