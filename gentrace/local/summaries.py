"""What is known of a run without reading all of it: for lists, filters and the search."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST_TIMELINE: Final = 60
LONGEST_PROVIDER: Final = 80
LONGEST_ERROR: Final = 1000
# Characters of a run that the search knows: more would take longer to store than to check.
LONGEST_WORDS: Final = 2**20
# Beyond it, a number of milliseconds is no time that a step took.
LONGEST_STEP: Final = 2**53

# When something began and how long it took, in milliseconds; None is unknown.
Span: TypeAlias = "tuple[float | None, float | None]"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a run, with times in milliseconds; None is unknown.

    `start_time` is as the earliest step says it, `timeline` has `[offset, duration, failed,
    provider's name]` for at most LONGEST_TIMELINE steps, and `words` is the text to search in.
    """

    name: str
    start_time: str | None
    duration: float | None
    steps: int
    error: str | None
    failed_steps: int
    size: int
    timeline: "list[list[Any]]"
    words: str

    @property
    def failed(self) -> bool:
        """Whether the run or a step of it has an error."""
        return self.error is not None

    def members(self) -> dict[str, Any]:
        """Give what the summary adds to a run, by its names on the wire."""
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
    """Summarize a run that was checked; `size` is its bytes."""
    steps: Sequence[Mapping[str, Any]] = run["stepRuns"]
    starts = [_moment(step, "startTime") for step in steps]
    spans = [_span(step, start) for step, start in zip(steps, starts, strict=True)]
    placed = _placed(spans)
    begun = min((start for start, _ in placed), default=0.0)
    ended = max((start + duration for start, duration in placed), default=0.0)
    known = any(duration is not None for _, duration in spans)
    errors = [_error(step) for step in steps]
    first = min((start for start in starts if start is not None), default=None)
    return Summary(
        name=run["name"],
        start_time=None if first is None else steps[starts.index(first)]["startTime"],
        duration=_rounded(ended - begun) if known else None,
        steps=len(steps),
        error=next(filter(None, [_error(run), *errors]), None),
        failed_steps=len(errors) - errors.count(None),
        size=size,
        timeline=_timeline(steps, placed, errors, begun),
        words=_words(run),
    )


def instant(text: str) -> float:
    """Turn a date and time of RFC 3339 into milliseconds since 1970."""
    return datetime.fromisoformat(text.upper()).timestamp() * 1000


def _moment(step: "Mapping[str, Any]", name: str) -> float | None:
    return instant(step[name]) if name in step else None


def _span(step: "Mapping[str, Any]", start: float | None) -> Span:
    end = _moment(step, "endTime")
    elapsed = step.get("elapsedTime")
    if elapsed is not None and not 0 <= elapsed < LONGEST_STEP:
        elapsed = None
    if start is not None and end is not None:
        return start, max(0.0, end - start)
    if end is not None and elapsed is not None:
        return end - elapsed, elapsed
    return start, elapsed


def _placed(spans: "Sequence[Span]") -> list[tuple[float, float]]:
    """Put a step that does not say when it started behind the one before it."""
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
    begun: float,
) -> list[list[Any]]:
    """Show the steps that failed and the longest, in their order."""
    bars: list[list[Any]] = [
        [_rounded(start - begun), _rounded(duration), int(error is not None), _name(step)]
        for step, (start, duration), error in zip(steps, placed, errors, strict=True)
    ]
    if len(bars) <= LONGEST_TIMELINE:
        return bars

    def weight(at: int) -> tuple[int, float]:
        _, duration, failed, _ = bars[at]
        return failed, duration

    by_weight = sorted(range(len(bars)), key=weight, reverse=True)
    return [bars[at] for at in sorted(by_weight[:LONGEST_TIMELINE])]


def _rounded(milliseconds: float) -> float:
    number = round(milliseconds, 3)
    return int(number) if number == int(number) else number


def _name(step: "Mapping[str, Any]") -> str:
    name: str = step.get("provider", {}).get("name", "")
    return name[:LONGEST_PROVIDER]


def _error(value: "Mapping[str, Any]") -> str | None:
    """Give the error of a run or step, which the recorder writes as a property."""
    error = value.get("error")
    return error[:LONGEST_ERROR] if isinstance(error, str) and error else None


def _words(run: "Mapping[str, Any]") -> str:
    """Put together the names, and all texts of the inputs and outputs."""
    words: list[str] = [run["name"]]
    for step in run["stepRuns"]:
        provider = step.get("provider", {})
        words += [provider[name] for name in ("name", "invocation") if name in provider]
        for name in ("inputs", "outputs"):
            words += _texts(provider.get(name))
    return "\n".join(words)[:LONGEST_WORDS]


def _texts(value: Any) -> "Iterator[str]":
    """Give the texts in a value, in their order, without recursion."""
    # What is still to be looked at, the next at the end.
    ahead = [iter((value,))]
    while ahead:
        for member in ahead[-1]:
            if isinstance(member, str):
                yield member
            elif isinstance(member, dict):
                ahead.append(iter(cast("Mapping[str, Any]", member).values()))
                break
            elif isinstance(member, list):
                ahead.append(iter(cast("Sequence[Any]", member)))
                break
        else:
            ahead.pop()
