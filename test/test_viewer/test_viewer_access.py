"""The token, and the page for those who see or point otherwise."""

import json
from importlib import resources

import pytest

RUN = "a.run-row"
# As where the user has the browser block cookies and site data, and where storage is turned off.
BLOCKED = 'throw new DOMException("Access is denied for this document.", "SecurityError");'
OFF = "return null;"


def test_the_page_asks_for_the_token_and_keeps_it_for_the_tab(guarded, steps, open_page):
    guarded.store({"name": "first", "stepRuns": [steps("a")]})
    page = open_page(guarded)
    field = page.get_by_label("Token", exact=True)
    assert field.get_attribute("type") == "password"
    field.fill("wrong")
    field.press("Enter")
    page.get_by_text("did not take this token").wait_for()
    field.fill("two words")
    field.press("Enter")
    page.get_by_text("without spaces").wait_for()
    field.fill(guarded.token)
    field.press("Enter")
    page.locator(RUN).wait_for()
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    assert page.evaluate("document.cookie") == ""
    assert guarded.token not in page.url
    page.reload()
    page.locator(RUN).wait_for()
    page.get_by_role("button", name="Forget token").click()
    page.get_by_label("Token", exact=True).wait_for()
    assert guarded.token not in page.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize("answer", [BLOCKED, OFF])
def test_it_works_where_the_browser_blocks_storage(guarded, steps, open_page, answer):
    guarded.store({"name": "first", "stepRuns": [steps("a")]})
    page = open_page(guarded)
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(
            f'Object.defineProperty(window, "{name}", {{ get() {{ {answer} }} }});'
        )
    page.reload()
    page.get_by_label("Token", exact=True).fill(guarded.token)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").wait_for()
    page.locator(RUN).click()
    page.get_by_role("heading", name="first").wait_for()
    page.get_by_role("button", name="Forget token").click()
    page.get_by_label("Token", exact=True).wait_for()


@pytest.mark.parametrize(
    "view", ["runs", "runs/{}", "runs/{}/steps/1", "pipelines", "compare/{0}/{0}"]
)
def test_no_view_shows_content_once_the_token_is_forgotten(guarded, steps, open_page, view):
    run = guarded.store({"name": "first", "stepRuns": [steps("a")]})
    page = open_page(guarded, f"#/{view.format(run)}")
    field = page.get_by_label("Token", exact=True)
    field.fill(guarded.token)
    field.press("Enter")
    page.get_by_text("first").first.wait_for(state="attached")
    page.get_by_role("button", name="Forget token").click()
    field.wait_for()
    assert "first" not in page.locator("main").inner_text()


def test_a_server_that_is_gone_is_said_and_tried_again(open_page, site):
    site.store({"name": "first", "stepRuns": []})
    page = open_page(site)
    page.route("**/api/v1/**", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    page.get_by_role("alert").filter(has_text="The server answered 503: busy").wait_for()
    page.get_by_role("link", name="Pipelines").click()
    page.get_by_role("heading", name="Nothing to show").wait_for()
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Pipelines").wait_for()


@pytest.fixture
def places(site, steps):
    """The address of each view, with something to see."""
    messages = [{"role": "user", "content": "why"}]
    step = steps(
        "openai",
        0,
        900,
        invocation="chat",
        modelParams={"model": "m"},
        inputs={"messages": messages},
        outputs={"v": [0.1, -0.2] * 40, "usage": {"total_tokens": 5}, "t": "x\n" * 9000},
    )
    run = {"name": "answer", "stepRuns": [step, steps("b", 900, 10, "ValueError: no")]}
    a, b = site.store(run), site.store(run)
    return {
        "runs": "",
        "nothing": "#/runs?text=nowhere",
        "run": f"#/runs/{a}",
        "step": f"#/runs/{a}/steps/1",
        "failed": f"#/runs/{a}/steps/2",
        "pipelines": "#/pipelines",
        "pipeline": "#/pipelines/answer",
        "compare": f"#/compare/{a}/{b}",
    }


@pytest.mark.parametrize("look", ["light 1600", "dark 360"])
def test_axe_finds_nothing_serious(site, places, open_page, visit, look):
    axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    script = (resources.files(axe) / "axe.min.js").read_text()
    theme, width = look.split()
    page = open_page(site, width=int(width), theme=theme)
    for place in places.values():
        visit(page, site, place)
        page.wait_for_timeout(200)
        page.evaluate(script)
        found = page.evaluate("axe.run()")["violations"]
        assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("width", [360, 1600])
def test_nothing_is_wider_than_the_page(site, places, open_page, visit, width):
    page = open_page(site, width=width)
    for place in places.values():
        visit(page, site, place)
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("size", [(360, 740), (320, 256)])
def test_a_small_window_shows_all_by_scrolling(site, steps, open_page, visit, size):
    """A phone, and a screen of 1,280 pixels that is zoomed to 400 %."""
    width, height = size
    page = open_page(site, width=width, height=height)
    code = page.locator("pre").last.bounding_box()
    assert code["x"] + code["width"] <= width
    run = site.store({"name": "answer", "stepRuns": [steps("a"), steps("b", 100)]})
    for place, row in (("", "a.run-row"), (f"#/runs/{run}", "a.step-row")):
        visit(page, site, place)
        page.wait_for_load_state("networkidle")  # what it loads replaces rows
        page.locator(row).last.scroll_into_view_if_needed()
        assert page.locator(row).last.bounding_box()["y"] < height
        page.locator(row).last.click()


@pytest.mark.parametrize("size", [(1200, 800), (360, 740)])
def test_a_long_error_leaves_room_for_the_steps(site, steps, open_page, size):
    width, height = size
    error = "".join(f'  File "pipeline.py", line {number}, in call\n' for number in range(40))
    more = {f"k{number}": "v" for number in range(50)}
    run = site.store({"name": "answer", "stepRuns": [steps("a")], "error": error} | more)
    page = open_page(site, f"#/runs/{run}", width=width, height=height)
    page.get_by_text("Other properties").click()
    assert page.locator(".waterfall .list").bounding_box()["height"] > 150
    page.locator("a.step-row").click()
    page.get_by_role("heading", name="a", level=2).wait_for()


def test_on_paper_a_view_has_its_whole_length(site, steps, open_page, visit):
    step = steps("a", inputs={"question": "line\n" * 100})
    run = site.store({"name": "answer", "stepRuns": [step, *(steps(f"b{n}") for n in range(60))]})
    page = open_page(site)
    page.emulate_media(media="print")
    for place in (f"#/runs/{run}/steps/1", f"#/compare/{run}/{run}"):
        visit(page, site, place)
        page.wait_for_function("() => document.documentElement.scrollHeight > 2 * innerHeight")
        assert page.get_by_role("button", name="Theme").count() == 0


def test_landmarks_titles_and_focus(site, places, open_page, visit):
    page = open_page(site)
    for role in ("banner", "main", "navigation", "search", "status"):
        assert page.get_by_role(role).first.count() == 1
    assert page.locator("html").get_attribute("lang") == "en"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    titles = set()
    for place in places.values():
        visit(page, site, place)
        assert page.locator("h1").count() == 1
        titles.add(page.title())
    assert len(titles) >= 6
    page.get_by_role("link", name="Runs").first.click()
    page.get_by_role("heading", name="Runs").wait_for()
    page.wait_for_function("() => document.activeElement.tagName === 'H1'")


def test_the_keyboard_alone_reaches_everything_and_is_seen(site, places, open_page):
    page = open_page(site, places["failed"])
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate(outline) != "none"
        label = "(e => e.getAttribute('aria-label') ?? e.textContent)(document.activeElement)"
        seen.add(page.evaluate(label)[:40])
    wanted = {"Find steps", "Close step", "Previous step", "Copy error", "Delete", "Runs"}
    assert wanted <= seen


def test_the_theme_can_be_chosen_and_is_kept(site, open_page):
    page = open_page(site, theme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Theme").click()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    page.get_by_role("button", name="Theme: dark").wait_for()
    assert page.evaluate(background) == dark
