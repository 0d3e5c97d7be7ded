"""What is stored is a stranger's: it stays text, and however large it is, the page stays fluent."""

from urllib.parse import quote

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
BIDI = "\u202egnp.exe\u202c \u200b\x07\x1b[31m"
FRAMES = """async (element) => {
  const frames = [];
  let last = performance.now();
  const step = (element.scrollHeight - element.clientHeight) / 40;
  for (let turn = 1; turn <= 40; turn += 1) {
    element.scrollTop = turn * step;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames.sort((a, b) => a - b)[20];
}"""
# Milliseconds of the median frame, with room for a busy machine.
LONGEST_FRAME = 150
MOST_ELEMENTS = 3000


def elements(page):
    return page.evaluate("document.querySelectorAll('*').length")


def hostile(steps):
    step = steps(
        MARKUP,
        0,
        5,
        MARKUP,
        invocation="javascript:alert(3)",
        modelParams={"<b>": MARKUP, "__proto__": {"polluted": 1}, "constructor": BIDI},
        inputs={"messages": [{"role": MARKUP, "content": MARKUP}], "href": "javascript:alert(4)"},
        outputs={"choices": [{"text": MARKUP}], "usage": {MARKUP: 5}, "url": "data:text/html,x"},
    )
    return {"name": MARKUP + BIDI, "error": MARKUP, "stepRuns": [step | {"<i>": 1}]}


def test_markup_stays_text_in_every_view(site, steps, open_page, visit):
    run, other = site.store(hostile(steps)), site.store(hostile(steps))
    places = [
        "",
        f"#/runs/{run}",
        f"#/runs/{run}/steps/1",
        "#/pipelines",
        f"#/pipelines/{quote(MARKUP + BIDI, safe='')}",
        f"#/compare/{run}/{other}",
        f"#/runs?name={quote(MARKUP)}&text={quote(MARKUP)}",
        f"#/{quote(MARKUP)}",
        f"#/runs/{quote(MARKUP)}",
        "#/runs/%E0%A4%A",
    ]
    page = open_page(site)
    for place in places:
        visit(page, site, place)
        assert page.locator("main img, main script, main b b, main iframe").count() == 0
        assert page.locator("main a:not([href^='#/'])").count() == 0
        assert page.evaluate("({}).polluted") is None
    visit(page, site, "")
    assert page.locator("a.run-row .name").first.inner_text().startswith(MARKUP)


def test_what_would_hide_or_reorder_text_is_shown_as_its_code_point(site, steps, open_page):
    site.store(hostile(steps))
    page = open_page(site)
    odd = page.locator("a.run-row").first.locator(".odd").all_inner_texts()
    assert odd == ["U+202E", "U+202C", "U+200B", "U+0007", "U+001B"]


def test_a_name_of_a_megabyte_takes_one_line(site, steps, open_page, visit):
    run = site.store(
        {"name": "n" * 2**20, "stepRuns": [steps("s" * 2**20, invocation="i" * 2**20)]}
    )
    page = open_page(site)
    for place in ("", f"#/runs/{run}/steps/1", "#/pipelines", f"#/compare/{run}/{run}"):
        visit(page, site, place)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert len(page.locator("main").inner_text()) < 5000


def test_ten_thousand_steps_scroll_fluently(site, steps, open_page):
    many = [
        steps(f"provider-{n % 9}", n, n % 50, "no" if n % 900 == 1 else None) for n in range(10_000)
    ]
    run = site.store({"name": "many", "stepRuns": many})
    page = open_page(site, f"#/runs/{run}")
    assert (
        page.locator("[role=list]").get_by_role("listitem").first.get_attribute("aria-setsize")
        == "10000"
    )
    assert page.locator(".waterfall .list").evaluate(FRAMES) < LONGEST_FRAME
    assert page.locator(".step-row .number").last.inner_text() == "10000"
    assert elements(page) < MOST_ELEMENTS
    page.get_by_label("Zoom to the steps in sight").check()
    page.wait_for_function(
        "() => document.querySelector('.axis-track').textContent.includes('9.99 s')"
    )
    page.get_by_label("Find steps").fill("provider-8")
    assert "1,111 of 10,000 steps" in page.locator(".waterfall-pane").inner_text()
    page = open_page(site, f"#/compare/{run}/{run}")
    assert page.locator(".summary").inner_text() == "all steps have the same content"


def test_a_text_of_five_megabytes_scrolls_fluently(site, steps, open_page):
    lines = "\n".join(f"line {number} of a long text" for number in range(180_000))
    outputs = {"lines": lines, "one_line": "x" * 5_000_000 + "END"}
    run = site.store({"name": "long", "stepRuns": [steps("a", outputs=outputs)]})
    page = open_page(site, f"#/runs/{run}/steps/1")
    boxes = page.locator(".long")
    assert "180,000 lines" in page.locator(".long-text").first.inner_text()
    for index, end in enumerate(("line 179999 of a long text", "END")):
        assert boxes.nth(index).evaluate(FRAMES) < LONGEST_FRAME
        assert boxes.nth(index).inner_text().endswith(end)
    assert elements(page) < MOST_ELEMENTS


def test_deep_and_wide_json_opens_bit_by_bit(site, steps, open_page):
    deep = {}
    for _ in range(400):
        deep = {"a": deep}
    outputs = {"deep": deep, "wide": {f"key-{n}": n for n in range(50_000)}}
    run = site.store({"name": "deep", "stepRuns": [steps("a", outputs=outputs)]})
    page = open_page(site, f"#/runs/{run}/steps/1")
    assert elements(page) < MOST_ELEMENTS
    page.locator("summary", has_text="wide").click()
    page.locator("summary", has_text="40,000").wait_for()
    assert elements(page) < MOST_ELEMENTS


def test_strange_times_do_no_harm(site, open_page, visit):
    times = [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2026-01-01t00:00:00.5+23:59",
    ]
    odd = [{"startTime": a, "endTime": b, "elapsedTime": -5} for a in times for b in times]
    run = site.store({"name": "odd", "stepRuns": [*odd, {}, {"provider": {}}]})
    page = open_page(site)
    for place in ("", f"#/runs/{run}", f"#/runs/{run}/steps/1", "#/pipelines/odd"):
        visit(page, site, place)
        assert "failed" not in page.locator("h1").inner_text()
