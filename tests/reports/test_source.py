"""A site that shows what it would show again is not written again; any other one is."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.reports.published import MANIFEST, is_made_from
from harness.reports.site import write_site
from harness.reports.source import source_digest
from tests.cli.planned import outcome_of, write_ledger

from .factories import GENERATED_AT

GOOD = outcome_of("good")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A ledger with one record, an artifact, and their site."""
    write_ledger(tmp_path, GOOD)
    (tmp_path / "artifacts" / "logs").mkdir(parents=True)
    (tmp_path / "artifacts" / "logs" / "a.log").write_text("log")
    write_site(
        [GOOD],
        tmp_path / "site",
        artifacts=tmp_path / "artifacts",
        generated_at=GENERATED_AT,
        made_from=source_digest(tmp_path, site_url=""),
    )
    return tmp_path


def is_current(output: Path, *, site_url: str = "") -> bool:
    return is_made_from(output / "site", source_digest(output, site_url=site_url))


def test_an_unchanged_site_is_known_again(output: Path) -> None:
    assert is_current(output)
    assert not is_current(output, site_url="https://example.com")


CHANGES: dict[str, Callable[[Path], object]] = {
    "record": lambda output: write_ledger(output, outcome_of("other")),
    "survey": lambda output: _write(output / "ledger" / "surveys" / "r.json"),
    "new-artifact": lambda output: _write(output / "artifacts" / "logs" / "b.log"),
    "pruned-artifact": lambda output: (output / "artifacts" / "logs" / "a.log").unlink(),
    "page-gone": lambda output: (output / "site" / "index.html").unlink(),
    "manifest-gone": lambda output: (output / "site" / MANIFEST).unlink(),
    "cut-short": lambda output: write_site(
        [GOOD], output / "site", artifacts=output / "artifacts", generated_at=GENERATED_AT
    ),
}


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen(name: str, output: Path) -> None:
    CHANGES[name](output)
    assert not is_current(output)


def test_other_code_is_seen(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: "999")
    assert not is_current(output)


def test_what_cannot_be_read_is_named(output: Path) -> None:
    (output / "ledger" / "gone.jsonl").symlink_to("nowhere")
    with pytest.raises(ConfigurationError, match=r"gone\.jsonl: cannot be read"):
        is_current(output)
