from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.reports.published import MANIFEST, Publication


def _publish(site: Path, *addresses: str) -> list[str]:
    publication = Publication(site)
    publication.announce(addresses)
    for address in addresses:
        publication.write(address, b"x")
    return [str(path.relative_to(site)) for path in publication.finish()]


def test_what_is_gone_is_removed_with_its_empty_folders(tmp_path: Path) -> None:
    assert _publish(tmp_path, "index.html", "old/deep/page.html", "old/stays.html") == [
        MANIFEST,
        "index.html",
        "old/deep/page.html",
        "old/stays.html",
    ]
    _publish(tmp_path, "index.html", "old/stays.html")
    assert not (tmp_path / "old/deep").exists()
    assert (tmp_path / "old/stays.html").exists()


def test_files_of_others_stay(tmp_path: Path) -> None:
    _publish(tmp_path, "pages/a.html")
    (tmp_path / "pages/CNAME").write_text("example.org")
    _publish(tmp_path, "index.html")
    assert (tmp_path / "pages/CNAME").exists()
    assert not (tmp_path / "pages/a.html").exists()


def test_files_of_a_rebuild_that_was_cut_short_are_known_as_ours(tmp_path: Path) -> None:
    publication = Publication(tmp_path)
    publication.announce(["half.html", "never.html"])
    publication.write("half.html", b"x")
    _publish(tmp_path, "index.html")
    assert not (tmp_path / "half.html").exists()


def test_only_announced_files_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="was not announced"):
        Publication(tmp_path).write("index.html", b"x")


@pytest.mark.parametrize("address", ["../precious", "/precious", "a/../../precious"])
def test_a_manifest_that_names_files_outside_is_refused(tmp_path: Path, address: str) -> None:
    site = tmp_path / "site"
    (site / MANIFEST).parent.mkdir(parents=True)
    (site / MANIFEST).write_text(json.dumps({"schema": 1, "files": [address]}))
    with pytest.raises(ConfigurationError, match="no file of the site"):
        Publication(site)


def test_an_unknown_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).parent.mkdir(parents=True)
    (tmp_path / MANIFEST).write_text(json.dumps({"schema": 99, "files": []}))
    with pytest.raises(ConfigurationError, match="schema 99"):
        Publication(tmp_path)


def test_nothing_is_removed_through_a_link_that_leads_out(tmp_path: Path) -> None:
    site, outside = tmp_path / "site", tmp_path / "outside"
    _publish(site, "pages/a.html")
    outside.mkdir()
    (site / "pages/a.html").rename(outside / "a.html")
    (site / "pages").rmdir()
    (site / "pages").symlink_to(outside)
    _publish(site, "index.html")
    assert (outside / "a.html").exists()
