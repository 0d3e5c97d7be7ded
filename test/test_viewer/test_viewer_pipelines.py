"""Pipelines in the viewer: figures, charts, and two runs side by side."""

from datetime import timedelta

import pytest


@pytest.fixture
def many(site, steps_of):
    """Forty runs of a pipeline, of which four failed; gives their ids, oldest first."""

    def store(number):
        at = steps_of(timedelta(minutes=40 - number))
        error = "ValueError: no" if number % 10 == 0 else None
        chat = at("openai", 100, 300 + number * 10, error, invocation="chat", inputs={"n": number})
        run = {"name": "answer", "stepRuns": [at("retriever", 0, 100), chat]}
        return site.store(run | ({"error": error} if error else {}))

    return [store(number) for number in range(40)]


@pytest.mark.usefixtures("many")
def test_the_table_has_the_figures_of_each_pipeline(site, open_page):
    site.store({"name": "other", "stepRuns": []})
    page = open_page(site, "#/pipelines")
    cells = page.get_by_role("row").filter(has_text="answer").locator("td").all_inner_texts()
    assert cells[:4] == ["40", "10 %", "590 ms", "770 ms"]
    page.keyboard.press("/")
    page.keyboard.type("oth")
    assert page.locator("tbody th").all_inner_texts() == ["other"]


def test_without_a_pipeline_the_page_says_how_to_record(site, open_page):
    assert open_page(site, "#/pipelines").get_by_text("No runs yet").is_visible()


def test_what_is_focused_stays_while_there_is_no_pipeline(site, open_page):
    page = open_page(site, "#/pipelines")
    page.get_by_role("button", name="Copy code").first.focus()
    for _ in range(2):
        page.wait_for_event("response", lambda response: response.url.endswith("/pipelines"))
    assert page.evaluate("document.activeElement.textContent") == "Copy"


def test_the_first_pipeline_appears_by_itself_also_after_the_server_was_away(site, open_page):
    page = open_page(site, "#/pipelines")
    page.route("**/pipelines", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    with page.expect_response(lambda response: response.status == 503):
        pass
    site.store({"name": "answer", "stepRuns": []})
    page.unroute("**/pipelines")
    page.get_by_role("rowheader", name="answer").wait_for()


def test_durations_are_dots_with_median_and_percentile(site, many, open_page):
    page = open_page(site, "#/pipelines/answer")
    card = page.get_by_role("region", name="Durations")
    assert card.locator(".chart circle").count() == 36
    assert card.locator(".chart .cross").count() == 4
    for line in ("median", "p95"):
        assert card.locator(f".chart path.{line}").get_attribute("d").count("L") >= 3
    label = card.get_by_role("img").get_attribute("aria-label")
    assert "40 runs: median 590 ms, 95th percentile 770 ms" in label
    card.locator(".chart circle").first.click()
    page.get_by_role("heading", name="answer").wait_for()
    assert many[39] in page.url


@pytest.mark.usefixtures("many")
def test_errors_are_counted_over_time(site, open_page):
    card = open_page(site, "#/pipelines/answer").get_by_role("region", name="Errors")
    assert card.get_by_role("img").get_attribute("aria-label") == "4 of 40 runs have errors"
    assert card.locator("rect.volume.failed").count() == card.locator("rect.volume").count() / 2


@pytest.mark.usefixtures("many")
def test_each_step_has_its_share_of_the_duration(site, open_page):
    card = open_page(site, "#/pipelines/answer").get_by_role("region", name="Share of each step")
    rows = card.locator("tbody tr")
    assert rows.nth(0).locator("th, td").all_inner_texts() == [
        "openai",
        "83 %",
        "490 ms",
        "40",
        "4",
    ]
    assert rows.nth(1).locator("th, td").all_inner_texts()[:2] == ["retriever", "17 %"]


def test_two_chosen_runs_stand_side_by_side(site, many, open_page):
    page = open_page(site, "#/pipelines/answer")
    card = page.get_by_role("region", name="Compare two runs")
    button = card.get_by_role("button", name="Compare")
    assert button.is_disabled()
    boxes = card.get_by_role("checkbox")
    for index in range(3):
        boxes.nth(index).check()
    assert not boxes.nth(0).is_checked()
    button.click()
    page.get_by_role("heading", name="Two runs").wait_for()
    assert f"{many[37]}/{many[38]}" in page.url


def test_what_differs_between_two_runs_is_marked(site, steps, open_page):
    def chat(text, **more):
        return steps("openai", 0, 500, invocation="chat", inputs={"q": text, "k": 1}, **more)

    same = steps("retriever", 600, 100, inputs={"q": "x"})
    a = site.store({"name": "answer", "stepRuns": [chat("the red fox"), same, steps("old", 800)]})
    b = site.store({"name": "answer", "stepRuns": [chat("the blue fox", outputs={}), same]})
    page = open_page(site, f"#/compare/{a}/{b}")
    assert page.locator(".summary").inner_text() == "2 of 3 steps differ"
    rows = page.locator(".pair")
    assert rows.nth(0).locator(".badge").all_inner_texts() == ["inputs", "outputs"]
    assert "same content" in rows.nth(1).inner_text()
    assert "only in A" in rows.nth(2).inner_text()
    rows.nth(0).locator("summary").click()
    cells = rows.nth(0).locator("tbody tr").nth(0).locator("th, td")
    cells.first.wait_for()  # the table is made when the step is opened
    assert cells.all_inner_texts() == ["inputs.q", "the red fox", "the blue fox"]
    assert cells.locator("mark").all_inner_texts() == ["red", "blue"]
    assert page.get_by_role("region", name="Run A").locator(".differs").count() == 2


def test_a_run_is_compared_with_the_one_before_it(site, many, open_page):
    page = open_page(site, f"#/runs/{many[5]}")
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Two runs").wait_for()
    assert page.url.endswith(f"#/compare/{many[4]}/{many[5]}")


def test_the_first_run_has_nothing_to_be_compared_with(site, many, open_page):
    page = open_page(site, f"#/compare/{many[0]}")
    assert "no earlier run" in page.locator("main").inner_text()
