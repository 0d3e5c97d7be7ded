"""Answer a question about this project from its own documentation, and record the run.

    python examples/quickstart.py "How often is a call retried?"

With `GENTRACE_HOST` set, the run goes there; with only `GENTRACE_API_KEY` set, to the hosted API.
Otherwise it goes to a local server that this program starts, which stores it in `gentrace.sqlite3`;
the program then reads the run back and shows it.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import gentrace

PROJECT = Path(__file__).resolve().parents[1]
QUESTION = "How often is a failed call sent again?"
DATABASE = "gentrace.sqlite3"
TEMPLATE = "Answer from these passages:\n\n{passages}\n\nQuestion: {question}"

pipeline = gentrace.Pipeline("answer-question")


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


@gentrace.step("quickstart", invocation="retrieve")
def retrieve(question: str, count: int = 4) -> list[str]:
    """Find the passages of the documentation that fit a question."""
    pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
    texts = [part for page in pages for part in split(page.read_text("utf-8"))]
    return best(question, texts, count)


def compose(prompt: str, sentences: int) -> str:
    """Answer a prompt with the sentences in it that fit its question best."""
    given, _, question = prompt.rpartition("\n\nQuestion: ")
    passages = given.partition("\n\n")[2]
    said = best(question, re.split(r"(?<=[.]) |\n", passages), sentences)
    return " ".join(said) or "The documentation does not say."


def answer(question: str) -> str:
    """Answer a question: two steps of the current run."""
    passages = retrieve(question)
    prompt = TEMPLATE.format(passages="\n".join(passages), question=question)
    with gentrace.step(
        "quickstart", invocation="compose", model_params={"sentences": 2}, inputs={"prompt": prompt}
    ) as step:
        said = compose(prompt, sentences=2)
        step.outputs = {"answer": said}
    return said


def ask(question: str) -> str:
    """Answer a question, print what is answered, and return the id of the stored run."""
    with pipeline.start() as run:
        said = answer(question)
    print(f"question  {question}")
    print(f"answer    {said}")
    return run.receipt.result(timeout=10)


def show(stored: dict[str, Any], database: Path) -> None:
    """Print a run as the local server gave it back."""
    print(f"run       {stored['pipelineRunId']}")
    for step in stored["pipelineRun"]["stepRuns"]:
        print(f"step      {step['provider']['invocation']:<10}{step['elapsedTime']:>6} ms")
    print(f"stored in {database}")


def main() -> None:
    """Answer the question, send the run and show it."""
    question = " ".join(sys.argv[1:]) or QUESTION
    if os.environ.get("GENTRACE_API_KEY") or os.environ.get("GENTRACE_HOST"):
        try:
            print(f"run       {ask(question)}")
        except (TimeoutError, gentrace.DeliveryError) as error:
            sys.exit(f"not stored: {error}")
        print(f"sent to   {gentrace.Configuration().host}")
        return
    with (
        gentrace.local.serve(database=DATABASE) as server,
        gentrace.ApiClient(gentrace.Configuration(host=server.url)) as client,
        gentrace.Delivery(client) as delivery,
    ):
        gentrace.set_default_delivery(delivery)
        show(client.call_api(f"/pipeline-runs/{ask(question)}", "GET").json(), server.database)


if __name__ == "__main__":
    main()
