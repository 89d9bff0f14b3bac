from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Its own sandbox needs rights that containers do not give; the pages are ours.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test if it says anything on the console or asks for anything but local files."""
    said: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.extend(_failure(request)))
    page.on("request", lambda r: None if r.url.startswith("file://") else said.append(f"asked for {r.url}"))
    yield page
    page.close()
    assert said == []


def _failure(request: Request) -> list[str]:
    # Leaving a page while its icon loads is no fault of the page.
    return [] if "ERR_ABORTED" in (request.failure or "") else [f"{request.url}: {request.failure}"]


def test_every_page_opens_from_its_folder_and_fits_a_phone(page: Page, zoo_site: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in sorted(zoo_site.rglob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px", "style sheet not applied"


@pytest.mark.parametrize("width", [760, 900, 1100, 1280])
def test_no_page_is_wider_than_the_window(page: Page, zoo_site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in (
        "index.html",
        "consumers/bioimageio.core.html",
        "models/bioimage-io__jolly-nettle@1.0.html",
    ):
        page.goto((zoo_site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_a_chip_leads_to_its_record(page: Page, zoo_site: Path) -> None:
    page.goto((zoo_site / "index.html").as_uri())
    chip = page.locator("tr", has_text="Nuclei, broad range").locator("a.chip.failed").first
    chip.click()
    record = page.locator("article.record:target")
    assert record.is_visible()
    assert "failed" in record.locator("h3").inner_text()
    page.get_by_role("link", name="Model compatibility").click()
    assert page.url.endswith("index.html")


def test_filter_narrows_the_models(page: Page, zoo_site: Path) -> None:
    page.goto((zoo_site / "index.html").as_uri())
    rows = page.locator("#models tr:visible")
    assert rows.count() == 20
    page.get_by_label("only what needs attention").check()
    assert 0 < rows.count() < 20
    page.get_by_label("Find").fill("BEADS")
    assert rows.count() == 1
    assert page.locator("#filter-count").inner_text() == "1 of 20"


def test_without_scripts_the_table_is_whole(browser: Browser, zoo_site: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((zoo_site / "index.html").as_uri())
    assert page.locator("#models tr:visible").count() == 20
    assert not page.locator("#filter").is_visible()
    context.close()


def test_dark_scheme_is_dark(browser: Browser, zoo_site: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto((zoo_site / "index.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 23)"
    context.close()
