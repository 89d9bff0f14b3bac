"""The report site: plain HTML that can be opened from a folder and published as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import jsonio, labels
from harness.ledger.record import Artifact, Record
from harness.reports import addresses, badges, context, evidence, pages
from harness.reports.context_consumer import consumer_page
from harness.reports.context_model import model_page
from harness.reports.context_overview import overview
from harness.reports.published import Publication

RECORDS = "data/records.json"
_STATIC = ("filter.js", "icon.svg")


def write_site(
    records: Sequence[Record],
    site: Path,
    *,
    artifacts: Path,
    generated_at: str,
    site_url: str = "",
    made_from: str = "",
) -> list[Path]:
    """Write the whole site and remove what a former one had and this one has not.

    A reader who looks meanwhile sees whole pages only; the overview is written last.

    Args:
        records: the current view, one newest record for each cell.
        site: the folder to write; files in it that no site wrote stay.
        artifacts: where the records' artifacts are; what the pages need is copied.
        generated_at: UTC, ISO 8601.
        site_url: where the folder will be published, for the badges' snippets; empty if not known.
        made_from: the digest of all that the site shows, by which :func:`is_made_from` knows it again.

    Returns:
        All files of the site, sorted.

    Raises:
        OutputError: a file cannot be written.
        ConfigurationError: the manifest of the former site cannot be read.
    """
    publication = Publication(site)
    kept = _copy_evidence(records, artifacts, publication)
    content = _static_files(records)
    for consumer in _by_consumer(records):
        content |= _consumer_files(consumer, generated_at=generated_at, site_url=site_url)
    for model in context.by_model(records):
        content |= _model_files(model, kept=kept, generated_at=generated_at, site_url=site_url)
    home = overview(records, generated_at=generated_at)
    content["index.html"] = _page("index.html.j2", root="", overview=home)
    publication.announce(content)
    for address, data in content.items():
        publication.write(address, data)
    return publication.finish(made_from=made_from)


def _copy_evidence(
    records: Sequence[Record], artifacts: Path, publication: Publication
) -> dict[Artifact, str]:
    """Copy the artifacts that are still there; returns their addresses."""
    located = evidence.located(records, artifacts)
    publication.announce(address for address, _ in located.values())
    kept: dict[Artifact, str] = {}
    for artifact, (address, source) in located.items():
        try:
            data = source.read_bytes()
        except OSError:  # pruned since it was located: the page says so
            continue
        publication.write(address, data)
        kept[artifact] = address
    return kept


def _static_files(records: Sequence[Record]) -> dict[str, bytes]:
    return {
        RECORDS: jsonio.dumps(list(records), indent=2),
        "style.css": pages.render("style.css.j2", looks=labels.STATUS).encode(),
        **{name: pages.static(name) for name in _STATIC},
    }


def _consumer_files(records: Sequence[Record], *, generated_at: str, site_url: str) -> dict[str, bytes]:
    page = consumer_page(records, generated_at=generated_at, site_url=site_url)
    address = addresses.consumer_page(page.name)
    embeds = [page.embed, *(version.embed for version in page.versions)]
    return {
        **{name: data for embed in embeds for name, data in _badge_files(embed).items()},
        address: _page("consumer.html.j2", root="../", consumer=page),
    }


def _model_files(
    records: Sequence[Record], *, kept: dict[Artifact, str], generated_at: str, site_url: str
) -> dict[str, bytes]:
    page = model_page(records, kept=kept, generated_at=generated_at, site_url=site_url)
    address = addresses.model_page(records[0].model)
    return {**_badge_files(page.embed), address: _page("model.html.j2", root="../", model=page)}


def _badge_files(embed: badges.Embed) -> dict[str, bytes]:
    return {
        f"{embed.address}.svg": badges.svg(embed.badge),
        f"{embed.address}.json": badges.endpoint_json(embed.badge),
    }


def _page(template: str, *, root: str, **values: object) -> bytes:
    return pages.render(template, root=root, records_address=RECORDS, **values).encode()


def _by_consumer(records: Sequence[Record]) -> list[list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.consumer.name, []).append(record)
    return list(groups.values())
