"""One run in the viewer: its waterfall, and all that a step shows."""

import json

import pytest

STEP = "a.step-row"
USAGE = {"prompt_tokens": 1841, "completion_tokens": 212, "prompt_tokens_details": {"cached": 7}}


@pytest.fixture
def show(site, open_page):
    """Store a run of such steps, and open it or one of its steps, counted from 1."""

    def make(*stepruns, step=None, **size):
        run = site.store({"name": "answer", "stepRuns": list(stepruns)})
        return open_page(site, f"#/runs/{run}" + (f"/steps/{step}" if step else ""), **size)

    return make


def part(page, name):
    return page.locator(f".step-panel section[aria-label='{name}']")


def test_bars_stand_on_the_real_time_axis_and_overlap(steps, show):
    page = show(steps("a", 0, 500), steps("b", 250, 500), steps("c", 500, 500))
    bars = page.locator(f"{STEP} rect")
    assert [bars.nth(i).get_attribute("x") for i in range(3)] == ["0.000%", "25.000%", "50.000%"]
    assert {bars.nth(i).get_attribute("width") for i in range(3)} == {"50.000%"}
    assert "1 s" in page.locator(".axis").inner_text()


def test_steps_stand_in_the_order_of_their_start_and_keep_their_number(steps, show):
    page = show(steps("late", 300), steps("early", 0))
    assert page.locator(f"{STEP} .name").all_inner_texts() == ["early", "late"]
    assert page.locator(f"{STEP} .number").all_inner_texts() == ["2", "1"]


def test_a_step_without_times_is_put_behind_the_one_before_it_and_looks_unsure(steps, show):
    page = show(steps("a", 0, 500), {"elapsedTime": 500, "provider": {"name": "b"}})
    bar = page.locator(f"{STEP} rect").nth(1)
    assert bar.get_attribute("x") == "50.000%"
    assert "unplaced" in bar.get_attribute("class")


def test_failures_are_marked(steps, show):
    page = show(steps("a"), steps("b", 100, error="ValueError: first line\nsecond line"))
    assert "failed" in page.locator(f"{STEP} rect").nth(1).get_attribute("class")
    assert "✕" in page.locator(STEP).nth(1).inner_text()
    page.get_by_label("Failed only").check()
    assert page.locator(f"{STEP} .name").all_inner_texts() == ["b"]
    page.locator(STEP).click()
    assert part(page, "Error").locator(".text").inner_text().endswith("first line\nsecond line")


def test_a_click_opens_a_step_with_a_link_of_its_own(steps, show, open_page, site):
    page = show(steps("a"), steps("b", 100, 1500, invocation="search"))
    page.locator(STEP).nth(1).click()
    assert page.locator(".step-panel h2").inner_text() == "b"
    assert "search" in page.locator(".step-panel .panel-title").inner_text()
    assert "1.50 s" in page.locator(".step-panel .facts").first.inner_text()
    assert page.url.endswith("/steps/2")
    assert page.title().startswith("Step 2 of answer")
    assert page.locator(f"{STEP}[aria-current]").count() == 1
    other = open_page(site, page.url.removeprefix(site.page))
    assert other.locator(".step-panel h2").inner_text() == "b"
    page.get_by_role("button", name="Close step").click()
    assert not page.locator(".step-panel").is_visible()


def test_parameters_are_a_table(steps, show):
    params = {"model": "gpt-4o", "temperature": 0.5, "stop": None, "format": {"type": "text"}}
    page = show(steps("a", modelParams=params), step=1)
    rows = part(page, "Parameters").locator("tbody tr")
    assert [row.split("\t") for row in rows.all_inner_texts()[:3]] == [
        ["model", "gpt-4o"],
        ["temperature", "0.5"],
        ["stop", "null"],
    ]
    assert "text" in rows.nth(3).inner_text()


def test_inputs_and_outputs_are_a_tree_that_folds_and_is_copied(steps, show):
    outputs = {"passages": [{"id": "a", "text": "one\n  two"}, {"id": "b", "text": ""}], "n": 2}
    page = show(steps("a", inputs={"q": "why"}, outputs=outputs), step=1)
    assert "why" in part(page, "Inputs").inner_text()
    tree = part(page, "Outputs").locator(".json")
    assert "one\n  two" in tree.locator(".text").inner_text()
    tree.locator("summary").first.click()
    assert not tree.get_by_text("one").is_visible()
    part(page, "Outputs").get_by_role("button", name="Copy outputs").click()
    page.get_by_role("button", name="Copy outputs").get_by_text("Copied").wait_for()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == outputs


def test_a_long_array_unfolds_in_groups(steps, show):
    page = show(steps("a", outputs={"n": [[index] for index in range(25_000)]}), step=1)
    tree = part(page, "Outputs")
    tree.locator("summary", has_text="n:").click()
    tree.locator("summary", has_text="20,000 … 24,999").wait_for()
    assert tree.locator("summary").all_inner_texts()[1:] == [
        "0 … 9,999",
        "10,000 … 19,999",
        "20,000 … 24,999",
    ]
    tree.locator("summary").last.click()
    tree.locator("summary", has_text="24,900").wait_for()
    tree.locator("summary").last.click()
    tree.locator("summary", has_text="24999").wait_for()
    assert "24,999" in tree.locator("summary", has_text="24,900").inner_text()
    assert tree.locator("summary", has_text="24999").count() == 1
    assert tree.locator("summary").count() < 200


def test_messages_and_choices_are_a_conversation(steps, show):
    call = {"function": {"name": "look_up", "arguments": '{"topic": "tokens"}'}}
    messages = [
        {"role": "system", "content": "Be brief.\nBe kind."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "ten minutes"},
    ]
    choice = {"message": {"role": "assistant", "content": "Ten."}, "finish_reason": "stop"}
    step = steps("a", inputs={"messages": messages}, outputs={"choices": [choice]})
    page = show(step, step=1)
    turns = part(page, "Inputs").locator(".turn")
    assert turns.locator(".role").all_inner_texts()[:3] == ["system", "user", "assistant"]
    assert turns.nth(0).locator(".text").inner_text() == "Be brief.\nBe kind."
    assert "What is this?" in turns.nth(1).inner_text()
    assert "look_up" in turns.nth(2).inner_text()
    assert "tokens" in turns.nth(2).inner_text()
    assert "call_1" in turns.nth(3).inner_text()
    answer = part(page, "Outputs").locator(".turn").inner_text()
    assert "Ten." in answer
    assert "finished: stop" in answer
    part(page, "Inputs").locator("summary", has_text="JSON").click()
    tree = part(page, "Inputs").locator(".json").last
    tree.locator(".text", has_text="Be kind.").wait_for()  # it is made when it is opened


def test_messages_that_are_no_chat_are_a_tree(steps, show):
    page = show(steps("a", inputs={"messages": ["hello", 5]}, outputs={"choices": 3}), step=1)
    assert page.locator(".turn").count() == 0
    assert "hello" in part(page, "Inputs").inner_text()


def test_an_embedding_is_a_picture_with_its_length(steps, show):
    vector = [((index * 37) % 100 - 50) / 500 for index in range(1536)]
    page = show(steps("a", outputs={"data": [{"embedding": vector}]}), step=1)
    figure = part(page, "Outputs").locator("figure")
    assert "data[0].embedding 1,536 numbers" in figure.inner_text()
    picture = figure.get_by_role("img")
    assert "1,536 numbers, from -0.1 to 0.098" in picture.get_attribute("aria-label")
    assert picture.bounding_box()["height"] < 60


def test_usage_is_counted_in_the_step_and_the_run(steps, show):
    page = show(steps("a", outputs={"usage": USAGE}), steps("b", 200), step=1)
    assert part(page, "Usage").locator("dd").all_inner_texts() == ["1,841", "212", "7"]
    assert "2,053" in page.locator(".run-head .facts").inner_text()


def test_properties_that_the_document_does_not_declare_are_shown(steps, show):
    page = show(steps("a", region="eu") | {"attempt": 3}, step=1)
    assert "provider.region: eu" in part(page, "Other properties").inner_text()
    assert "attempt: 3" in part(page, "Other properties").inner_text()


def test_properties_of_the_run_that_the_document_does_not_declare_are_shown(site, steps, open_page):
    more = {"metadata": {"region": "eu"}, "__proto__": "kept"}
    page = open_page(site, f"#/runs/{site.store({'name': 'n', 'stepRuns': [steps('a')]} | more)}")
    page.locator(".run-head summary", has_text="Other properties").click()
    shown = page.locator(".run-head .more").inner_text()
    assert "region: eu" in shown
    assert "__proto__: kept" in shown


def test_a_duration_that_is_not_known_is_not_0(site, open_page):
    for step in ({}, {"startTime": "2026-01-01T00:00:00Z"}):
        page = open_page(site, f"#/runs/{site.store({'name': 'n', 'stepRuns': [step]})}")
        assert (
            page.locator(".run-head .facts div", has_text="Duration")
            .inner_text()
            .endswith("\u2013")
        )


def test_the_keyboard_walks_through_the_steps(steps, show):
    page = show(*(steps(name, index * 10) for index, name in enumerate("abc")))
    title = page.locator(".step-panel h2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert title.inner_text() == "b"
    page.keyboard.press("End")
    assert title.inner_text() == "c"
    page.keyboard.press("Escape")
    assert not title.is_visible()
    assert page.evaluate("document.activeElement.classList.contains('step-row')")
    page.keyboard.press("/")
    page.keyboard.type("b")
    assert page.locator(f"{STEP} .name").all_inner_texts() == ["b"]
    page.keyboard.press("Escape")
    assert page.locator(STEP).count() == 3
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Runs").wait_for()


def test_a_run_that_is_not_there_says_so(site, open_page):
    page = open_page(site, "#/runs/nowhere")
    assert "No such run" in page.locator("h1").inner_text()
    page.get_by_role("link", name="See all runs").click()
    page.get_by_text("No runs yet").wait_for()


def test_a_run_without_steps_says_so(show):
    assert "no steps" in show().locator("main").inner_text()


def test_a_run_is_deleted_after_a_question(site, open_page):
    run = site.store({"name": "answer", "stepRuns": []})
    page = open_page(site, f"#/runs/{run}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keep").wait_for(state="detached")
    assert page.url.endswith(run)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("No runs yet").wait_for()
