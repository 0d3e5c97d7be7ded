"""The page that the server serves, and what protects those who look at it."""

import json
from importlib import resources

import pytest
import yaml

import gentrace.local

SESAME = "s3cret"
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def viewer(tmp_path, monkeypatch):
    """A viewer of a few files, beside one that is none of its own."""
    files = resources.files

    def found(package):
        return tmp_path if package == "gentrace.local" else files(package)

    monkeypatch.setattr(resources, "files", found)
    assets = tmp_path / "viewer" / "assets"
    assets.mkdir(parents=True)
    tmp_path.joinpath("secret.js").write_text("secret")
    tmp_path.joinpath("viewer", "index.html").write_text("<!doctype html>")
    for name in ("main.js", "base.css", "icon.svg"):
        assets.joinpath(name).write_text(name)


def test_the_page_is_served(client):
    page = client.ask("GET", "/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.content.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("base.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
@pytest.mark.usefixtures("viewer")
def test_assets_have_their_media_types(client, name, media_type):
    asset = client.ask("GET", f"/assets/{name}")
    assert (asset.status, asset.content) == (200, name.encode())
    assert asset.headers["Content-Type"] == media_type


def test_all_files_of_the_viewer_are_served(client):
    for file in (resources.files("gentrace.local") / "viewer" / "assets").iterdir():
        assert client.ask("GET", f"/assets/{file.name}").content == file.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/none.js",
        "/assets/../index.html",
        "/assets/../../secret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..%2f..%2fsecret.js",
        "/assets//etc/passwd",
        "/assets/./main.js",
        "/assets/main.js%00",
    ],
)
@pytest.mark.usefixtures("viewer")
def test_nothing_but_the_files_of_the_viewer_is_served(client, path):
    refused = client.ask("GET", path)
    assert (refused.status, set(refused.json)) == (404, {"error"})


@pytest.mark.parametrize(
    "path", ["/", "/assets/none", "/healthz", "/api/v1/pipeline-runs", "/api/v1/openapi.json"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(client, path):
    headers = client.ask("GET", path).headers
    assert headers["Content-Security-Policy"] == CONTENT_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_the_page_needs_no_token_and_data_does(connect):
    with gentrace.local.serve(token=SESAME) as server:
        client = connect(server.url)
        assert client.ask("GET", "/").status == 200
        assert client.ask("GET", "/assets/none").status == 404
        assert client.ask("GET", "/", headers={"Host": "evil.example"}).status == 421
        for path in ("/pipeline-runs", "/pipelines", "/pipeline-runs/export", "/openapi.json"):
            assert client.get(path).status == 401
            assert client.get(path, Authorization=f"Bearer {SESAME}").status == 200


def test_the_document_is_served_and_is_the_one_of_the_package(client, root):
    served = client.get("/openapi.json")
    assert served.headers["Content-Type"] == "application/json; charset=utf-8"
    written = yaml.safe_load((root / "gentrace" / "local" / "openapi.yaml").read_text("utf-8"))
    assert served.json == written
    shipped = (root / "gentrace" / "local" / "openapi.json").read_text("utf-8")
    assert json.loads(shipped) == written


def test_a_browser_that_opens_the_address_of_the_api_gets_the_viewer(client):
    led = client.ask("GET", "/api/v1", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (led.status, led.headers["Location"]) == (307, "../")
    other = client.ask("GET", "/api/v1", headers={"Accept": "application/json"})
    assert (other.status, set(other.json)) == (404, {"error"})
