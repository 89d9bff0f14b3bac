"""The page of one version of a model: who it is, and a section for each of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from harness.cell import ConsumerRef
from harness.ledger.agreement import explain_agreement
from harness.ledger.record import Artifact, Record
from harness.reports import addresses, context
from harness.reports.badges import Embed, model_embed
from harness.reports.context import Chip, Footer, StatusCount
from harness.reports.context_record import Fact, RecordSection, record_section
from harness.reports.tally import consumer_order

ROOT = "../"


class ConsumerRow(msgspec.Struct, frozen=True, kw_only=True):
    """The model's chips in one version of a consumer, and what its weights say together (may be empty)."""

    name: str
    version: str
    href: str
    chips: tuple[Chip, ...]
    together: str


class ModelPage(msgspec.Struct, frozen=True, kw_only=True):
    """A model's page; texts are empty where the description states nothing."""

    footer: Footer
    name: str
    id: str
    version: str
    description: str
    cover: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    facts: tuple[Fact, ...]
    counts: tuple[StatusCount, ...]
    consumers: tuple[ConsumerRow, ...]
    records: tuple[RecordSection, ...]
    embed: Embed


def model_page(
    records: Sequence[Record], *, kept: Mapping[Artifact, str], generated_at: str, site_url: str = ""
) -> ModelPage:
    """Prepare the page of the one model that all ``records`` (at least one) are about.

    Args:
        kept: the site's address of each artifact whose file is still there.
        site_url: where the site will be published, for the badge; empty if that is not known.
    """
    info = context.model_info(records)
    newest = max(records, key=lambda record: record.started_at)
    covers = (a for record in records for a in record.artifacts if a.kind == "cover" and a in kept)
    cover = next((ROOT + kept[artifact] for artifact in covers), "")
    cells = _cells(records)
    return ModelPage(
        footer=context.footer(records, generated_at),
        name=context.model_name(records),
        id=newest.model.id,
        version=newest.model.version,
        description=info.description,
        cover=cover,
        authors=info.authors,
        tags=info.tags,
        facts=_facts(newest, records),
        counts=tuple(count for count in context.counts(records) if count.count),
        consumers=_consumers(records),
        records=tuple(
            record_section(record, cell=cells[id(record)], kept=kept, root=ROOT)
            for record in sorted(records, key=context.attention_order)
        ),
        embed=model_embed(records, site_url=site_url),
    )


def _facts(newest: Record, records: Sequence[Record]) -> tuple[Fact, ...]:
    info, model = context.model_info(records), newest.model
    facts = (
        Fact(term="Id", text=model.id),
        Fact(term="Version", text=model.version),
        Fact(term="Format version", text=info.format_version),
        Fact(term="Licence", text=info.license),
        Fact(term="Source", text=model.source, href=addresses.web_link(model.source)),
        Fact(term="sha256", text=model.sha256),
    )
    return tuple(fact for fact in facts if fact.text)


def _by_consumer(records: Sequence[Record]) -> list[tuple[ConsumerRef, list[Record]]]:
    consumers = sorted({record.consumer for record in records}, key=consumer_order)
    return [(consumer, [r for r in records if r.consumer == consumer]) for consumer in consumers]


def _consumers(records: Sequence[Record]) -> tuple[ConsumerRow, ...]:
    return tuple(
        ConsumerRow(
            name=consumer.name,
            version=consumer.version,
            href=ROOT + addresses.consumer_page(consumer.name),
            chips=context.chips(group, root=ROOT),
            together=explain_agreement(group),
        )
        for consumer, group in _by_consumer(records)
    )


def _cells(records: Sequence[Record]) -> dict[int, str]:
    """What tells each record from the others of its consumer, by identity."""
    return {
        id(record): text
        for _, group in _by_consumer(records)
        for record, text in zip(group, context.distinguished(group), strict=True)
    }
