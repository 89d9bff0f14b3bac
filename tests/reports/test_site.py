from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

from harness.ledger.record import Artifact, ModelInfo, Record
from harness.reports.addresses import model_page
from harness.reports.site import write_site
from harness.verdict import Check, Reason

from .factories import (
    GENERATED_AT,
    because,
    finding,
    keep_artifact,
    make_model,
    make_output,
    make_record,
    small_picture,
)

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\x07{{ 7*7 }}"


class _Page(HTMLParser):
    """Which addresses a page names, which ids it has, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name == "id":
                self.ids.append(value or "")
            elif name in ("src", "href", "action", "data", "poster", "srcset"):
                (self.links if tag == "a" else self.loads).append(value or "")


def _write(site: Path, *records: Record, artifacts: Path | None = None) -> list[Path]:
    folder = artifacts or site / "no-artifacts"
    return write_site(records, site, artifacts=folder, generated_at=GENERATED_AT)


def _pages(site: Path) -> dict[Path, _Page]:
    return {path: _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def _text(site: Path, record: Record) -> str:
    return (site / model_page(record.model)).read_text(encoding="utf-8")


def test_all_files_are_there_and_listed(zoo_site: Path) -> None:
    names = {str(path.relative_to(zoo_site)) for path in zoo_site.rglob("*") if path.is_file()}
    assert {"index.html", "style.css", "filter.js", "data/records.json", "consumers/biapy.html"} <= names
    assert set(json.loads((zoo_site / "data/manifest.json").read_text())["files"]) == names
    assert len([name for name in names if name.startswith("models/")]) == 20


def test_every_internal_link_resolves(zoo_site: Path) -> None:
    pages = _pages(zoo_site)
    for path, page in pages.items():
        assert len(set(page.ids)) == len(page.ids), path
        for link in page.links + page.loads:
            parts = urlsplit(link)
            assert parts.scheme == "", (path, link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_file(), (path, link)
            assert target.is_relative_to(zoo_site.resolve()), (path, link)
            if parts.fragment:
                assert parts.fragment in pages[target].ids, (path, link)


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path, zoo_site: Path) -> None:
    record = make_record(
        run_url="https://example.org/run", model=make_model("m", source="http://example.org/m")
    )
    _write(tmp_path, record)
    for site in (tmp_path, zoo_site):
        for path in site.rglob("*.html"):
            page = _Page(path.read_text(encoding="utf-8"))
            assert [load for load in page.loads if urlsplit(load).scheme or load.startswith("//")] == []
            assert "style" not in page.attributes
        for path in [*site.rglob("*.css"), *site.rglob("*.svg"), *site.rglob("*.js")]:
            text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
            assert not re.search(r"https?:|//[a-z]+\.|@import|href|src=", text), path
            assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text)), path
    links = _Page(_text(tmp_path, record)).links
    assert {"https://example.org/run", "http://example.org/m"} <= set(links)


def _hostile_record() -> Record:
    text = HOSTILE
    checks = (msgspec.structs.replace(finding(Check.AS_CALLED), message=text),)
    return make_record(
        model=make_model(text, version=text, source="javascript:alert(1)", sha256=text),
        run=text,
        run_url="javascript:alert(1)",
        consumer=msgspec.structs.replace(make_record().consumer, name=text, version=text),
        checks=checks,
        outputs=(make_output(name=text, dtype=text, expected_dtype="x", message=text, comparison=text),),
        artifacts=(Artifact(kind=text, path=text, bytes=1), Artifact(kind="log", path="../../x", bytes=1)),
        platform=text,
        isolation=text,
        started_at=text,
        model_info=ModelInfo(
            name=text, description=text, license=text, format_version=text, authors=(text,), tags=(text,)
        ),
    )


def test_untrusted_text_stays_text(tmp_path: Path) -> None:
    passed = _hostile_record()
    failed = msgspec.structs.replace(
        passed, key="other", checks=(), **{**because(Reason.EXCEPTION, HOSTILE), "hint": HOSTILE}
    )
    _write(tmp_path / "site", passed, failed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]
    plain = {"img", "script", "a"}
    for path, page in _pages(tmp_path / "site").items():
        text = path.read_text(encoding="utf-8")
        assert "onerror" not in page.attributes, path
        assert "<img src=x" not in text
        assert "\x07" not in text
        assert page.tags.count("script") == (1 if path.name == "index.html" else 0)
        assert not [link for link in page.links + page.loads if link.startswith("javascript")]
        assert "{{ 7*7 }}" in text
        assert "49" not in re.findall(r">(49)<", text)
        assert plain & set(page.tags)


def test_an_empty_ledger_gives_a_page_that_says_so(tmp_path: Path) -> None:
    paths = _write(tmp_path)
    assert "Nothing has been tested yet" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "data/records.json").read_text()) == []
    assert tmp_path / "index.html" in paths
    assert not (tmp_path / "models").exists()


def test_pages_of_models_that_are_gone_are_removed(tmp_path: Path) -> None:
    stays, goes = make_record(model=make_model("stays")), make_record(model=make_model("goes"))
    _write(tmp_path, stays, goes)
    (tmp_path / "CNAME").write_text("example.org")
    paths = _write(tmp_path, stays)
    assert not list(tmp_path.rglob("*goes*"))
    assert (tmp_path / "CNAME").exists()
    assert sorted([*paths, tmp_path / "CNAME"]) == sorted(p for p in tmp_path.rglob("*") if p.is_file())


def test_the_same_records_give_the_same_site(tmp_path: Path) -> None:
    records = [make_record(), make_record(model=make_model("other"))]
    first = {path: path.read_bytes() for path in _write(tmp_path, *records)}
    assert {path: path.read_bytes() for path in _write(tmp_path, *records)} == first


def test_records_can_be_downloaded_as_shown(tmp_path: Path) -> None:
    record = make_record()
    _write(tmp_path, record)
    data = (tmp_path / "data/records.json").read_bytes()
    assert msgspec.json.decode(data, type=list[Record]) == [record]


def test_evidence_is_copied_and_what_is_gone_is_said(tmp_path: Path) -> None:
    artifacts, site = tmp_path / "artifacts", tmp_path / "site"
    log = keep_artifact(artifacts, "log", "ab/c.log", b"<script>alert(1)</script>")
    cover = keep_artifact(artifacts, "cover", "x/cover.html", small_picture())
    gone = Artifact(kind="build-log", path="gone.log", bytes=3)
    record = make_record(artifacts=(log, cover, gone))
    _write(site, record, artifacts=artifacts)
    copy = site / "files/ab__c.log.txt"
    assert copy.read_bytes() == b"<script>alert(1)</script>"
    assert not copy.is_symlink()
    assert (site / "files/x__cover.html.png").is_file()
    page = _text(site, record)
    assert 'href="../files/ab__c.log.txt"' in page
    assert 'src="../files/x__cover.html.png"' in page
    assert "Build log no longer kept" in page


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"<html>", b"", b"II*\0"])
def test_a_cover_that_is_no_plain_picture_is_not_published(tmp_path: Path, data: bytes) -> None:
    cover = keep_artifact(tmp_path / "artifacts", "cover", "cover.png", data)
    record = make_record(artifacts=(cover,))
    paths = _write(tmp_path / "site", record, artifacts=tmp_path / "artifacts")
    assert not [path for path in paths if path.parent.name == "files"]
    assert 'class="cover"' not in _text(tmp_path / "site", record)


@pytest.mark.parametrize("path", ["../secret", "link", "folder", "nul\0byte", "x" * 5000])
def test_files_outside_the_artifacts_are_not_published(tmp_path: Path, path: str) -> None:
    artifacts = tmp_path / "artifacts"
    (artifacts / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("token")
    (artifacts / "link").symlink_to(tmp_path / "secret")
    paths = _write(
        tmp_path / "site",
        make_record(artifacts=(Artifact(kind="log", path=path, bytes=5),)),
        artifacts=artifacts,
    )
    assert not [written for written in paths if written.parent.name == "files"]


def test_hostile_ids_lead_nowhere_else(tmp_path: Path) -> None:
    ids = ["../x", "/etc/x", "a/../../b", "index", "con", "..", ".", "x" * 400, "", "Ä", "a:b", "a_b", "A"]
    site = tmp_path / "site"
    _write(site, *(make_record(model=make_model(model_id)) for model_id in ids))
    assert os.listdir(tmp_path) == ["site"]  # noqa: PTH208
    assert len(list((site / "models").glob("*.html"))) == len(ids)


def test_no_verdict_is_shown_on_no_badge(tmp_path: Path) -> None:
    _write(tmp_path, make_record(**because(Reason.NO_REPLY)))
    badges = [json.loads(path.read_text()) for path in tmp_path.glob("badges/*/*.json")]
    assert len(badges) == 3
    assert {badge["message"] for badge in badges} == {"no verdict yet"}


def test_badge_snippets_name_the_site_where_it_is_known(tmp_path: Path) -> None:
    record = make_record()
    write_site(
        [record], tmp_path, artifacts=tmp_path, generated_at=GENERATED_AT, site_url="https://example.org/zoo/"
    )
    snippet = "(https://example.org/zoo/badges/models/zoo__plain-model@1.2.svg)"
    assert snippet in _text(tmp_path, record)


def test_tables_are_accessible(zoo_site: Path) -> None:
    for path in zoo_site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert text.count("<table") == text.count("<caption") == text.count("<thead"), path
        assert not re.search(r"<th(?![^>]*scope=)[ >]", text), path
        assert len(re.findall(r"<h1[ >]", text)) == 1, path
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
        assert all(after - before <= 1 for before, after in pairwise(levels)), path
