"""What a notebook shows of a run."""

from html.parser import HTMLParser

import pytest

from gentrace.models import PipelineRunRequest


class _Reader(HTMLParser):
    """Reads tags and text."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.bars = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.bars += [value for name, value in attributes if name == "style"]

    def handle_data(self, data):
        self.texts.append(data)


def read(run):
    reader = _Reader()
    reader.feed(run._repr_html_())
    return reader


def widths(run):
    return [int(style.rpartition(":")[2].removesuffix("px")) for style in read(run).bars]


def test_each_step_has_a_row():
    provider = {"name": "openai", "invocation": "createChatCompletion"}
    steps = [
        {"provider": provider, "elapsed_time": 50, "start_time": "2023-05-04T09:30:00Z"},
        {"elapsed_time": 200},
        {},
    ]
    run = PipelineRunRequest(name="answer", step_runs=steps)
    reader = read(run)
    assert reader.tags.count("tr") == 1 + len(steps)
    for text in ("answer", "openai", "createChatCompletion", "2023-05-04T09:30:00Z", "50", "200"):
        assert text in reader.texts
    assert widths(run) == [50, 200, 0]


def test_text_of_a_run_is_escaped():
    hostile = "</td><script>alert(1)</script>"
    steps = [{"provider": {"name": hostile, "invocation": hostile}}]
    reader = read(PipelineRunRequest(name=hostile, step_runs=steps))
    assert "script" not in reader.tags
    assert hostile in "".join(reader.texts)


@pytest.mark.parametrize("elapsed", [-5, 0, 10**4299])
def test_any_duration_is_drawn(elapsed):
    run = PipelineRunRequest(name="n", step_runs=[{"elapsed_time": elapsed}, {}])
    assert all(0 <= width <= 200 for width in widths(run))


def test_long_runs_and_names_are_cut():
    run = PipelineRunRequest(name="n" * 1000, step_runs=[{}] * 1000)
    reader = read(run)
    assert reader.tags.count("tr") == 101
    assert "… 900 more" in reader.texts
    assert "n" * 60 + "…" in reader.texts


def test_a_run_without_steps_is_shown():
    assert read(PipelineRunRequest(name="n", step_runs=[])).tags.count("tr") == 1
