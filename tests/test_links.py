"""Links in the documents lead somewhere: to a file of the repository, and to a heading that is in it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import cmarkgfm
import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", "collection/README.md")
    ),
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("tools/collection/README.md", "tests/github/double/README.md")),
]


def rendered(page: Path) -> str:
    """What GitHub's parser makes of it."""
    text: str = cmarkgfm.github_flavored_markdown_to_html(page.read_text("utf-8"))
    return text


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub names them; the second of the same name ends with ``-1``."""
    found: set[str] = set()
    for heading in re.findall(r"<h\d>(.*?)</h\d>", rendered(page)):
        words = html.unescape(re.sub(r"<[^>]*>", "", heading)).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(name if name not in found else f"{name}-1")
    return found


def broken(page: Path) -> list[str]:
    """The links and pictures of the page that lead nowhere in this repository."""
    targets = [html.unescape(target) for target in re.findall(r'(?:href|src)="([^"]*)"', rendered(page))]
    return [target for target in targets if "://" not in target and not _leads(page, target)]


def _leads(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    there = page.parent / path if path else page
    return there.exists() and (not anchor or anchor in anchors(there))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One\n## What `take` refuses\n## One\n"
        "[a](page.md) [b](#what-take-refuses) [c](page.md#one-1) [d](https://example.org/no) "
        "[e](none.md) [f](#two) [g](page.md#One) ![h](none.png)\n",
        encoding="utf-8",
    )
    assert broken(page) == ["none.md", "#two", "page.md#One", "none.png"]
