"""Models of the local server's answers."""

from __future__ import annotations

from gentrace.schemas import (
    DATE_TIME,
    FREE_OBJECT,
    INTEGER,
    STRING,
    ArraySchema,
    Model,
    ObjectSchema,
    optional,
    required,
)
from gentrace.schemas.more_types import ANY, NUMBER, NullableSchema


class StoredRun(Model):
    """A stored run and what is known of it."""

    __slots__ = ()

    pipeline_run_id = required("pipelineRunId", STRING, "Id that the server gave to the run.")
    created_at = required("createdAt", DATE_TIME, "When the run was stored.")
    name = required("name", STRING, "Name of the pipeline.")
    start_time = required(
        "startTime",
        NullableSchema(DATE_TIME),
        "When its earliest step started, as that says it; null if no step does.",
    )
    duration = required(
        "duration",
        NullableSchema(NUMBER),
        "Milliseconds from the start of its first step to the end of its last; null if no step "
        "says how long it took.",
    )
    steps = required("steps", INTEGER, "How many steps it has.")
    error = required(
        "error",
        NullableSchema(STRING),
        "The error of the run or else of its first failed step, cut at 1,000 characters; null if "
        "there is none.",
    )
    failed_steps = required("failedSteps", INTEGER, "How many of its steps have an error.")
    bytes = required("bytes", INTEGER, "How large its body is.")
    timeline = required(
        "timeline",
        ArraySchema(ArraySchema(ANY)),
        "At most 60 of its steps, in their order; of more those that failed and the longest. Each "
        "has the milliseconds from the run's start to its own, its milliseconds, 1 if it failed "
        "or else 0, and the name of its provider.",
    )
    pipeline_run = optional("pipelineRun", FREE_OBJECT, "The body as it was sent.")


class RunPage(Model):
    """Some of the stored runs."""

    __slots__ = ()

    pipeline_runs = required(
        "pipelineRuns",
        ArraySchema(ObjectSchema(StoredRun)),
        "The runs, the one that was stored last first.",
    )
    next = required(
        "next",
        NullableSchema(STRING),
        "What `before` is for the next page; null on the last one.",
    )


class PipelineSummary(Model):
    """The runs of one name."""

    __slots__ = ()

    name = required("name", STRING, "The name.")
    runs = required("runs", INTEGER, "How many runs of that name are stored.")
    error_rate = required("errorRate", NUMBER, "Share of these that have an error, from 0 to 1.")
    median_duration = required(
        "medianDuration",
        NullableSchema(NUMBER),
        "Milliseconds that half of these take at most; null if it is known of none.",
    )
    p95_duration = required(
        "p95Duration",
        NullableSchema(NUMBER),
        "Milliseconds that 95 in 100 of these take at most; null if it is known of none.",
    )
    last_run = required("lastRun", DATE_TIME, "When the last of these was stored.")


class PipelineList(Model):
    """All pipelines."""

    __slots__ = ()

    pipelines = required(
        "pipelines",
        ArraySchema(ObjectSchema(PipelineSummary)),
        "The pipelines, the one that ran last first.",
    )


class Problem(Model):
    """Why a request was refused."""

    __slots__ = ()

    error = required("error", STRING, "What is wrong and, where there is one, the remedy.")
    at = optional("at", STRING, "What it is about, such as the name of a parameter.")
