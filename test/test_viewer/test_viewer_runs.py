"""The list of runs in the viewer."""

from datetime import timedelta

ROW = "a.run-row"


def names(page):
    return page.locator(f"{ROW} .name").all_inner_texts()


def wait_for_names(page, *expected):
    """Wait until the list shows just these pipelines, from above."""
    page.wait_for_function(
        "names => [...document.querySelectorAll('a.run-row .name')].map(e => e.textContent).join()"
        " === names.join()",
        arg=list(expected),
    )


def three_runs(site, steps):
    site.store({"name": "first", "stepRuns": [steps("a", took=50, outputs={"x": "a violet"})]})
    site.store({"name": "second", "stepRuns": [steps("b", took=2500, error="ValueError: no")]})
    site.store({"name": "third", "stepRuns": [steps("c"), steps("d", 60, 80)]})


def test_a_row_has_name_when_duration_steps_and_timeline(site, steps, open_page):
    site.store({"name": "answer", "stepRuns": [steps("a", 0, 1200), steps("b", 1250, 250)]})
    row = open_page(site).locator(ROW)
    assert row.locator(".name").inner_text() == "answer"
    assert row.locator("time").get_attribute("datetime").startswith(f"{steps.start:%Y-%m-%dT%H:%M}")
    assert row.locator(".duration").inner_text() == "1.50 s"
    assert row.locator(".steps").text_content() == "2 steps"
    assert row.locator("svg path").count() == 2
    assert row.locator(".mark").inner_text() == ""
    assert row.locator(".why").count() == 0


def test_a_row_of_a_run_that_failed_says_why(site, steps, open_page):
    site.store({"name": "answer", "stepRuns": [steps("a", error="ValueError: no such city")]})
    row = open_page(site).get_by_role("link", name="With errors: answer ValueError: no such city")
    row.locator(".why").wait_for()
    assert row.locator(".steps").text_content() == "1 step"


def test_runs_are_newest_first(site, steps, open_page):
    three_runs(site, steps)
    assert names(open_page(site)) == ["third", "second", "first"]


def test_a_failed_run_is_marked_for_eyes_and_screen_readers(site, steps, open_page):
    three_runs(site, steps)
    mark = open_page(site).locator(ROW).nth(1).locator(".mark")
    assert "✕" in mark.inner_text()
    assert "With errors" in mark.inner_text()
    assert "ValueError: no" in mark.get_attribute("title")


def test_an_error_of_older_runs_goes_once_they_are_loaded_without_live_updates(site, open_page):
    for number in range(120):
        site.store({"name": f"run {number}", "stepRuns": []})
    page = open_page(site)
    page.get_by_role("button", name="Live").click()
    page.route("**/*before=*", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    page.locator(".list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    page.get_by_role("alert").filter(has_text="The server answered 503: busy").wait_for()
    page.unroute("**/*before=*")
    page.locator(".list").evaluate("list => list.scrollBy(0, -1)")
    page.get_by_text("120 runs", exact=True).wait_for()
    assert page.get_by_role("alert").text_content() == ""


def test_a_row_keeps_the_focus_when_many_runs_appear_above_it(site, open_page):
    site.store({"name": "first", "stepRuns": []})
    page = open_page(site)
    page.locator(ROW).focus()
    page.route("**/api/v1/**", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    for _ in range(60):
        site.store({"name": "later", "stepRuns": []})
    page.unroute("**/api/v1/**")
    page.get_by_text("61 runs", exact=True).wait_for()
    assert page.evaluate("document.activeElement.textContent").startswith("first")


def test_older_runs_are_loaded_once_a_server_that_was_away_is_back(site, open_page):
    for number in range(120):
        site.store({"name": f"run {number}", "stepRuns": []})
    page = open_page(site)
    page.locator(ROW).first.wait_for()
    page.route("**/*before=*", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    page.locator(".list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    page.get_by_role("alert").filter(has_text="The server answered 503: busy").wait_for()
    assert page.locator(ROW).filter(has_text="run 20").is_visible()
    page.unroute("**/*before=*")
    page.get_by_text("120 runs", exact=True).wait_for()


def test_a_new_run_appears_by_itself_and_pausing_holds_it_back(site, open_page):
    site.store({"name": "first", "stepRuns": []})
    page = open_page(site)
    site.store({"name": "second", "stepRuns": []})
    wait_for_names(page, "second", "first")
    assert page.locator("#status").inner_text() == "1 new run"
    page.get_by_role("button", name="Live").click()
    assert page.get_by_role("button", name="Paused").get_attribute("aria-pressed") == "false"
    site.store({"name": "third", "stepRuns": []})
    page.wait_for_timeout(2600)
    assert names(page) == ["second", "first"]


def test_the_filters_act_and_stand_in_the_address(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site)
    page.get_by_label("Pipeline").select_option("first")
    wait_for_names(page, "first")
    assert page.url.endswith("#/runs?name=first")
    page.get_by_role("button", name="Clear").click()
    wait_for_names(page, "third", "second", "first")
    page.get_by_label("Errors only").check()
    wait_for_names(page, "second")
    page.get_by_label("Errors only").uncheck()
    page.get_by_label("Duration").select_option("1000")
    wait_for_names(page, "second")
    page.get_by_label("Duration").select_option("")
    page.get_by_label("Search text").fill("viol")
    wait_for_names(page, "first")
    assert names(open_page(site, page.url.removeprefix(site.page))) == ["first"]


def test_the_time_filter_takes_a_period_or_two_dates(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site)
    page.get_by_label("Time", exact=True).select_option("1h")
    wait_for_names(page, "third", "second", "first")
    page.get_by_label("Time", exact=True).select_option("custom")
    page.get_by_label("To", exact=True).fill("2020-01-01T00:00:00")
    page.get_by_text("No run matches").wait_for()
    page.get_by_label("To", exact=True).fill("")
    page.get_by_label("From", exact=True).fill("2020-01-01T00:00:00")
    wait_for_names(page, "third", "second", "first")


def test_a_run_that_was_stored_long_after_its_end_says_so(site, steps_of, open_page):
    """The time filter is by storing."""
    old, new = steps_of(timedelta(days=400)), steps_of(timedelta(seconds=90))
    site.store({"name": "old", "stepRuns": [old("a")]})
    site.store({"name": "long", "stepRuns": [new("a", 0, 80_000)]})
    site.store({"name": "no times", "stepRuns": []})
    page = open_page(site, "#/runs?time=15m")
    wait_for_names(page, "no times", "long", "old")
    assert page.get_by_label("Time", exact=True).locator("option:checked").inner_text() == (
        "Stored in the last 15 minutes"
    )
    assert ["stored" in when for when in page.locator(f"{ROW} .when").all_inner_texts()] == [
        False,
        False,
        True,
    ]


def test_a_run_that_is_deleted_elsewhere_leaves_the_list(site, open_page):
    first, _, third = (site.store({"name": str(n), "stepRuns": []}) for n in range(3))
    page = open_page(site)
    wait_for_names(page, "2", "1", "0")
    site.delete(first)
    site.delete(third)
    site.store({"name": "new", "stepRuns": []})
    wait_for_names(page, "new", "1")
    assert page.locator("#status").inner_text() == "1 new run"


def test_without_a_run_three_lines_say_how_to_record_one(site, open_page):
    page = open_page(site)
    assert page.get_by_role("heading", name="No runs yet").is_visible()
    setting, code = page.locator("pre").all_inner_texts()
    assert setting == f"export GENTRACE_HOST={site.url}"
    assert len(code.splitlines()) == 3
    compile(code, "first.py", "exec")
    page.get_by_role("button", name="Copy code").last.click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code
    site.store({"name": "first", "stepRuns": []})
    wait_for_names(page, "first")


def test_filters_that_let_nothing_through_offer_to_be_cleared(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site, "#/runs?text=nowhere")
    page.get_by_role("button", name="Clear the filters").click()
    wait_for_names(page, "third", "second", "first")


def test_the_keyboard_reaches_search_list_and_run(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("violet")
    wait_for_names(page, "first")
    page.keyboard.press("Escape")
    wait_for_names(page, "third", "second", "first")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.querySelector('.name').textContent"
    assert page.evaluate(focused) == "second"
    page.keyboard.press("End")
    assert page.evaluate(focused) == "first"
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "third"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="third").wait_for()


def test_keys_move_in_the_list_before_it_has_the_focus(site, steps, open_page, visit):
    three_runs(site, steps)
    page = open_page(site)
    for key, name in {"End": "first", "PageDown": "first", "Home": "third"}.items():
        visit(page, site, "")
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.querySelector('.name').textContent") == name
    visit(page, site, f"#/runs/{site.store({'name': 'empty', 'stepRuns': []})}")
    page.keyboard.press("End")  # nothing to move to


def test_coming_back_from_a_run_finds_its_row(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site)
    page.locator(ROW).nth(2).click()
    page.get_by_role("heading", name="first").wait_for()
    page.keyboard.press("Escape")
    page.locator(f"{ROW}[tabindex='0'] .name", has_text="first").wait_for()


def test_escape_returns_from_a_run_to_the_list_as_it_was_filtered(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site, "#/runs?errors=1")
    page.locator(ROW).click()
    page.get_by_role("heading", name="second").wait_for()
    page.keyboard.press("Escape")
    wait_for_names(page, "second")
    assert page.url.endswith("#/runs?errors=1")


def test_a_run_that_is_opened_while_a_search_is_typed_keeps_its_address(site, steps, open_page):
    three_runs(site, steps)
    page = open_page(site)
    page.clock.install()
    page.locator("main [type=search]").fill("violet")
    page.locator(ROW).first.click()
    page.get_by_role("heading", name="third").wait_for()
    opened = page.url
    page.clock.run_for(1000)
    assert page.url == opened


def test_scrolling_loads_all_runs_and_draws_those_in_sight(site, steps_of, open_page):
    for number in range(230):
        at = steps_of(timedelta(seconds=number))
        site.store({"name": f"run-{number}", "stepRuns": [at("a")]})
    page = open_page(site)
    for _ in range(40):
        page.locator(".list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        if "run-0" in names(page):
            break
        page.wait_for_timeout(50)
    assert "run-0" in names(page)
    assert page.locator(ROW).count() < 60
    assert page.locator(".summary").inner_text() == "230 runs"
    page.get_by_text("run-5", exact=True).click()
    page.get_by_role("heading", name="run-5").wait_for()
    page.keyboard.press("Escape")
    page.locator(f"{ROW}[tabindex='0'] .name", has_text="run-5").wait_for()
