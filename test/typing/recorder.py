"""What the type checkers know of recording. Checked, never run."""

# In its strict mode pyright adds to each mistake what follows from it.
# pyright: basic, reportUnnecessaryTypeIgnoreComment=true

from collections.abc import AsyncIterator, Iterator
from typing import reveal_type

from gentrace.recorder import Pipeline, bind, current_run, current_step, step
from gentrace.schemas.json_values import to_json_value

pipeline = Pipeline("answer-question", sample_rate=0.5)


@step("retriever")
def retrieve(question: str, k: int = 4) -> list[str]:
    """Be a step."""
    return [question] * k


@step
def rank(passages: list[str], *, top: int) -> str:
    """Be a step, too."""
    return passages[top]


@step(capture_inputs=False)
async def ask(passages: list[str]) -> str:
    """Be a step that is awaited."""
    return passages[0]


@step
def stream(question: str) -> Iterator[str]:
    """Be a step that yields."""
    yield question


@step
async def stream_later(question: str) -> AsyncIterator[str]:
    """Be a step that yields and awaits."""
    yield question


@pipeline.traced
def answer(question: str) -> str:
    """Be a run."""
    return question


@pipeline.traced()
async def answer_later(question: str) -> str:
    """Be a run that is awaited."""
    return question


class Index:
    """Methods of every kind."""

    @step
    def find(self, question: str) -> int:
        """Be a step."""
        return len(question)

    @step
    @classmethod
    def load(cls, path: str) -> "Index":  # noqa: ARG003 - of this test of types
        """Be a step."""
        return cls()

    @classmethod
    @step
    def open(cls, path: str) -> "Index":  # noqa: ARG003 - of this test of types
        """Be a step."""
        return cls()

    @step("x")
    @staticmethod
    def size(path: str) -> int:
        """Be a step."""
        return len(path)


reveal_type(retrieve("a"))  # list[str]
reveal_type(retrieve("a", k=2))  # list[str]
reveal_type(rank(["a"], top=0))  # str
reveal_type(stream("a"))  # Iterator[str]
reveal_type(stream_later("a"))  # AsyncIterator[str]
reveal_type(answer("a"))  # str
reveal_type(Index().find("a"))  # int
reveal_type(Index.load("a"))  # Index
reveal_type(Index.open("a"))  # Index
reveal_type(Index.size("a"))  # int
reveal_type(bind(retrieve)("a", k=2))  # list[str]

with pipeline.start() as run:
    reveal_type(run)  # PipelineRun
    reveal_type(run.error)  # str | None
    with run.step("openai", invocation="embeddings.create", inputs=["a"]) as one:
        reveal_type(one)  # Step
        one.outputs = {"embedding": [0.5]}
        one.error = None
        reveal_type(one.elapsed_time)  # int | None
        reveal_type(one.provider)  # str | None
    with step("openai", model_params={"model": "gpt-4o"}) as two:
        reveal_type(two)  # Step
    run.add_step_run({"elapsed_time": 1})
    reveal_type(run.receipt.result(timeout=5))  # str
    reveal_type(run.submit())  # Receipt

    @run.step
    def inside(text: str) -> int:
        """Be a step of this run."""
        return len(text)

    reveal_type(inside("a"))  # int

reveal_type(current_run())  # PipelineRun | None
reveal_type(current_step())  # Step | None
reveal_type(to_json_value({1}))  # Any


async def main() -> None:
    """Await."""
    async with pipeline.start() as other, other.step() as three:
        reveal_type(other)  # PipelineRun
        reveal_type(three)  # Step
    reveal_type(await ask(["a"]))  # str
    reveal_type(await answer_later("a"))  # str


# Mistakes.
retrieve(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
retrieve("a", 4, 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
rank(["a"], 0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
answer(question=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
bind(retrieve)(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
step(5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
step("a", input=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
Pipeline()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Pipeline("a", sample_rate="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
run.error = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
one.elapsed_time = "a"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
