"""The summary of a run, for lists, filters and the search."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from gentrace.local.words import split_unspaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_TIMELINE_STEPS: Final = 60
MAX_PROVIDER_LENGTH: Final = 80
MAX_ERROR_LENGTH: Final = 1000
# How many characters of a run are indexed: indexing more would take longer than the check.
MAX_SEARCH_TEXT: Final = 2**20
# A larger number of milliseconds is no duration of a step.
MAX_STEP_DURATION: Final = 2**53

# Start and duration, in milliseconds; None is unknown.
Span: TypeAlias = "tuple[float | None, float | None]"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a run, with times in milliseconds; None is unknown.

    `start_time` is the text of the earliest step, `timeline` has `[offset, duration, failed,
    provider's name]` for at most MAX_TIMELINE_STEPS steps, `search_text` is indexed by the search.
    """

    name: str
    start_time: str | None
    duration: float | None
    steps: int
    error: str | None
    failed_steps: int
    size: int
    timeline: "list[list[Any]]"
    search_text: str

    @property
    def failed(self) -> bool:
        """Whether the run or one of its steps has an error."""
        return self.error is not None

    def wire_members(self) -> dict[str, Any]:
        """Return the properties that the summary adds to a run, by their names in JSON."""
        return {
            "name": self.name,
            "startTime": self.start_time,
            "duration": self.duration,
            "steps": self.steps,
            "error": self.error,
            "failedSteps": self.failed_steps,
            "bytes": self.size,
            "timeline": self.timeline,
        }


def summarize(run: "Mapping[str, Any]", size: int) -> Summary:
    """Summarize a valid run; `size` is its number of bytes."""
    steps: Sequence[Mapping[str, Any]] = run["stepRuns"]
    starts = [_timestamp(step, "startTime") for step in steps]
    spans = [_span(step, start) for step, start in zip(steps, starts, strict=True)]
    placed = _place(spans)
    run_start = min((start for start, _ in placed), default=0.0)
    run_end = max((start + duration for start, duration in placed), default=0.0)
    known = any(duration is not None for _, duration in spans)
    errors = [_error(step) for step in steps]
    first = min((start for start in starts if start is not None), default=None)
    return Summary(
        name=run["name"],
        start_time=None if first is None else steps[starts.index(first)]["startTime"],
        duration=_rounded(run_end - run_start) if known else None,
        steps=len(steps),
        error=next(filter(None, [_error(run), *errors]), None),
        failed_steps=len(errors) - errors.count(None),
        size=size,
        timeline=_timeline(steps, placed, errors, run_start),
        search_text=_search_text(run),
    )


def to_milliseconds(text: str) -> float:
    """Convert an RFC 3339 date and time to milliseconds since 1970."""
    return datetime.fromisoformat(text.upper()).timestamp() * 1000


def _timestamp(step: "Mapping[str, Any]", name: str) -> float | None:
    return to_milliseconds(step[name]) if name in step else None


def _span(step: "Mapping[str, Any]", start: float | None) -> Span:
    end = _timestamp(step, "endTime")
    elapsed = step.get("elapsedTime")
    if elapsed is not None and not 0 <= elapsed < MAX_STEP_DURATION:
        elapsed = None
    if start is not None and end is not None:
        return start, max(0.0, end - start)
    if end is not None and elapsed is not None:
        return end - elapsed, elapsed
    return start, elapsed


def _place(spans: "Sequence[Span]") -> list[tuple[float, float]]:
    """Return start and duration of each step; without a start, it follows the step before it."""
    end = next((start for start, _ in spans if start is not None), 0.0)
    placed: list[tuple[float, float]] = []
    for start, duration in spans:
        placed.append((end if start is None else start, duration or 0.0))
        end = sum(placed[-1])
    return placed


def _timeline(
    steps: "Sequence[Mapping[str, Any]]",
    placed: list[tuple[float, float]],
    errors: list[str | None],
    run_start: float,
) -> list[list[Any]]:
    """Return the steps that failed and the longest, in their order."""
    bars: list[list[Any]] = [
        [_rounded(start - run_start), _rounded(duration), int(error is not None), _name(step)]
        for step, (start, duration), error in zip(steps, placed, errors, strict=True)
    ]
    if len(bars) <= MAX_TIMELINE_STEPS:
        return bars

    def importance(at: int) -> tuple[int, float]:
        _, duration, failed, _ = bars[at]
        return failed, duration

    by_weight = sorted(range(len(bars)), key=importance, reverse=True)
    return [bars[at] for at in sorted(by_weight[:MAX_TIMELINE_STEPS])]


def _rounded(milliseconds: float) -> float:
    number = round(milliseconds, 3)
    return int(number) if number == int(number) else number


def _name(step: "Mapping[str, Any]") -> str:
    name: str = step.get("provider", {}).get("name", "")
    return name[:MAX_PROVIDER_LENGTH]


def _error(value: "Mapping[str, Any]") -> str | None:
    """Return the error of a run or step, a property that the recorder adds, as text.

    null, false, 0 and empty values are no errors. The viewer has the same rule.
    """
    error = value.get("error")
    if not error:
        return None
    text: str = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    return text[:MAX_ERROR_LENGTH]


def _search_text(run: "Mapping[str, Any]") -> str:
    """Join the names, and all strings in the inputs and outputs."""
    texts: list[str] = [run["name"]]
    for step in run["stepRuns"]:
        provider = step.get("provider", {})
        texts += [provider[name] for name in ("name", "invocation") if name in provider]
        for name in ("inputs", "outputs"):
            texts += _strings(provider.get(name))
    return split_unspaced("\n".join(texts)[:MAX_SEARCH_TEXT])


def _strings(value: Any) -> "Iterator[str]":
    """Yield the strings in a value, in their order, without recursion."""
    stack = [iter((value,))]
    while stack:
        for member in stack[-1]:
            if isinstance(member, str):
                yield member
            elif isinstance(member, dict):
                stack.append(iter(cast("Mapping[str, Any]", member).values()))
                break
            elif isinstance(member, list):
                stack.append(iter(cast("Sequence[Any]", member)))
                break
        else:
            stack.pop()
