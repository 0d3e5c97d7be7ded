"""Every link of the documentation leads somewhere."""

import re


def _without_code(text):
    return re.sub(
        r"^```.*?^```$|(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.MULTILINE | re.DOTALL
    )


def _anchors(page):
    """Names and headings that a link may lead to, these as GitHub spells them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r'<a name="(.+?)">', text)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    spelled = [re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings]
    return {*named, *spelled}


def _links(page):
    text = _without_code(page.read_text("utf-8"))
    return re.findall(r"\]\(([^()\s]+)\)", text) + re.findall(r'\bsrc(?:set)?="(.+?)"', text)


def test_links_resolve(page):
    """Each relative link leads to a file that is there, and to an anchor in it."""
    broken = []
    for link in _links(page):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_readme_leads_to_every_page(root):
    """No page is an orphan."""
    seen, queue = set(), [root / "README.md"]
    while queue:
        page = queue.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            links = [link.partition("#")[0] for link in _links(page) if "://" not in link]
            queue += [(page.parent / link).resolve() for link in links if link]
    assert {*(root / "docs").rglob("*.md")} <= seen


def test_anchors_of_the_contract_are_there(root):
    """The anchors that the contract's pages link to."""
    expected = {"bearerAuth", "documentation-for-api-endpoints", "documentation-for-models"}
    assert expected <= _anchors(root / "README.md")
