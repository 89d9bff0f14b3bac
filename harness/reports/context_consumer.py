"""The page of a consumer: what each of its versions makes of the models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from harness.cell import ConsumerRef
from harness.ledger.record import Record
from harness.reports import addresses, context, words
from harness.reports.badges import Embed, consumer_embed, consumer_version_embed
from harness.reports.context import Footer, Look, Moment, StatusCount
from harness.reports.tally import tally_models, version_key
from harness.verdict import Status

ROOT = "../"


class DepthText(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdicts of a version are about."""

    name: str
    means: str


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many cells are not passed for one reason, and who can act."""

    look: Look
    reason: str
    blame: str
    count: int


class CellRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the consumer's column."""

    model: str
    model_id: str
    cell: str
    environment: str
    device: str
    look: Look
    findings: int
    reason: str
    blame: str
    tested: Moment
    href: str


class VersionSection(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the consumer."""

    anchor: str
    version: str
    depths: tuple[DepthText, ...]
    models: str
    counts: tuple[StatusCount, ...]
    reasons: tuple[ReasonCount, ...]
    cells: tuple[CellRow, ...]
    embed: Embed


class ConsumerPage(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer's page, its newest version first."""

    footer: Footer
    name: str
    embed: Embed
    versions: tuple[VersionSection, ...]


def consumer_page(records: Sequence[Record], *, generated_at: str, site_url: str = "") -> ConsumerPage:
    """Prepare the page of the one consumer that all ``records`` (at least one) are about.

    Args:
        site_url: where the site will be published, for the badges; empty if that is not known.
    """
    versions = sorted(
        {record.consumer for record in records}, key=lambda c: version_key(c.version), reverse=True
    )
    return ConsumerPage(
        footer=context.footer(records, generated_at),
        name=records[0].consumer.name,
        embed=consumer_embed(records, site_url=site_url),
        versions=tuple(
            _version([record for record in records if record.consumer == consumer], consumer, site_url)
            for consumer in versions
        ),
    )


def _version(records: Sequence[Record], consumer: ConsumerRef, site_url: str) -> VersionSection:
    depths = sorted({record.depth for record in records})
    return VersionSection(
        anchor=f"version-{addresses.slug(consumer.version)}",
        version=consumer.version,
        depths=tuple(DepthText(name=depth.value, means=words.DEPTH[depth]) for depth in depths),
        models=context.tally_text(tally_models(records), "models"),
        counts=context.counts(records),
        reasons=_reasons(records),
        cells=_cells(records),
        embed=consumer_version_embed(records, site_url=site_url),
    )


def _reasons(records: Sequence[Record]) -> tuple[ReasonCount, ...]:
    found = Counter(
        (
            context.ATTENTION_FIRST.index(record.status),
            context.reason_text(record),
            context.blame_text(record),
        )
        for record in records
        if record.status is not Status.PASSED
    )
    return tuple(
        ReasonCount(look=context.look(context.ATTENTION_FIRST[rank]), reason=reason, blame=blame, count=count)
        for (rank, reason, blame), count in sorted(found.items(), key=lambda i: (i[0][0], -i[1], i[0]))
    )


def _cells(records: Sequence[Record]) -> tuple[CellRow, ...]:
    rows = [
        (context.attention_order(record)[:2], _cell(record, name=context.model_name(group)))
        for group in context.by_model(records)
        for record in group
    ]
    # Sorting is stable: within a status the models stay in the order of the overview.
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def _cell(record: Record, *, name: str) -> CellRow:
    return CellRow(
        model=name,
        model_id=context.model_text(record.model),
        cell=context.format_text(record),
        environment=record.environment.name if record.environment else "",
        device=record.device.value,
        look=context.look(record.status),
        findings=len(context.failed_findings(record)),
        reason=context.reason_text(record),
        blame=context.blame_text(record),
        tested=context.moment(record.started_at),
        href=ROOT + addresses.record_address(record),
    )
