"""What is known of a run without reading all of it."""

import pytest

from gentrace.local.summaries import MAX_SEARCH_TEXT, MAX_TIMELINE_STEPS, summarize

FIRST = "2023-05-04T09:30:00Z"
LATER = "2023-05-04t11:30:02.5+02:00"


def summary_of(*steps, **more):
    return summarize({"name": "n", "stepRuns": list(steps), **more}, 0)


@pytest.mark.parametrize(
    ("steps", "start_time", "duration", "bars"),
    [
        ([], None, None, []),
        ([{}], None, None, [[0, 0]]),
        ([{"elapsedTime": 5}, {"elapsedTime": 7}], None, 12, [[0, 5], [5, 7]]),
        ([{"startTime": FIRST}], FIRST, None, [[0, 0]]),
        ([{"startTime": FIRST, "endTime": LATER}], FIRST, 2500, [[0, 2500]]),
        ([{"startTime": LATER, "endTime": FIRST}], LATER, 0, [[0, 0]]),
        ([{"startTime": LATER, "elapsedTime": 10}], LATER, 10, [[0, 10]]),
        ([{"endTime": LATER, "elapsedTime": 10}], None, 10, [[0, 10]]),
        (
            [{"startTime": FIRST}, {"endTime": LATER, "elapsedTime": 500}],
            FIRST,
            2500,
            [[0, 0], [2000, 500]],
        ),
        (
            [{"startTime": LATER}, {"startTime": FIRST, "elapsedTime": 9}, {"elapsedTime": 1}],
            FIRST,
            2500,
            [[2500, 0], [0, 9], [9, 1]],
        ),
        ([{"elapsedTime": -5}, {"elapsedTime": 2**60}], None, None, [[0, 0], [0, 0]]),
        ([{"elapsedTime": 0}], None, 0, [[0, 0]]),
        (
            [{"startTime": FIRST, "endTime": "2023-05-04T09:30:00.0001234567Z"}],
            FIRST,
            0.123,
            [[0, 0.123]],
        ),
    ],
)
def test_times_are_worked_out_from_what_the_steps_say(steps, start_time, duration, bars):
    summary = summary_of(*steps)
    assert (summary.start_time, summary.duration) == (start_time, duration)
    assert [bar[:2] for bar in summary.timeline] == bars


@pytest.mark.parametrize(
    ("run", "error", "failed_steps"),
    [
        (summary_of({}), None, 0),
        (summary_of({"error": ""}, error=None), None, 0),
        (summary_of({"error": False}, {"error": 0}, {"error": []}, error={}), None, 0),
        (summary_of({"error": 5}, error={"code": 7}), '{"code": 7}', 1),
        (summary_of(error=["zu groß"]), '["zu groß"]', 0),
        (summary_of({}, {"error": "one"}, {"error": "two"}), "one", 2),
        (summary_of({"error": "one"}, error="own"), "own", 1),
        (summary_of(error="x" * 5000), "x" * 1000, 0),
    ],
)
def test_an_error_is_that_of_the_run_or_of_its_first_failed_step(run, error, failed_steps):
    assert (run.error, run.failed_steps) == (error, failed_steps)
    assert run.failed is (error is not None)


def test_of_many_steps_the_failed_and_the_longest_are_shown_in_their_order():
    steps = [{"elapsedTime": number, "provider": {"name": "p" * 99}} for number in range(100)]
    steps[3]["error"] = "boom"
    timeline = summary_of(*steps).timeline
    assert len(timeline) == MAX_TIMELINE_STEPS
    assert [bar[1] for bar in timeline] == [3, *range(41, 100)]
    assert [bar[2] for bar in timeline] == [1] + [0] * 59
    assert timeline[0][3] == "p" * 80


def test_names_and_texts_at_any_depth_are_searched_up_to_a_length():
    deep = ["lost"]
    for _ in range(400):
        deep = [deep]
    inputs = {"key": deep, "more": [{"a": "b", "n": 1, "t": True}, None, "c"]}
    provider = {"name": "openai", "invocation": "chat", "modelParams": {"x": "not"}}
    provider |= {"inputs": inputs, "outputs": {"o": "d"}}
    words = summary_of({"provider": provider}).search_text
    assert words == "n\nopenai\nchat\nlost\nb\nc\nd"
    long = summary_of({"provider": {"outputs": {"o": "x" * 2 * MAX_SEARCH_TEXT}}}).search_text
    assert len(long) == MAX_SEARCH_TEXT
