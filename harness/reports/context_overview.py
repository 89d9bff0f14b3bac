"""The overview: counts, what needs attention, and the table of models and consumers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from harness.cell import ConsumerRef
from harness.ledger.record import Record
from harness.reports import addresses, context
from harness.reports.context import Chip, Footer, Look, StatusCount
from harness.reports.tally import consumer_order, tally_models
from harness.verdict import Status

_SHOWN = 6


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A cell within a group that needs attention."""

    model: str
    cell: str
    href: str


class AttentionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The cells of one status, reason and blame; ``more`` is what a long list folds away."""

    look: Look
    reason: str
    blame: str
    count: int
    links: tuple[Link, ...]
    more: tuple[Link, ...]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a consumer. ``passed_share`` (0 to 100) draws a bar; None if nothing was answered."""

    version: str
    depth: str
    models: str
    passed_share: float | None


class ConsumerHead(msgspec.Struct, frozen=True, kw_only=True):
    """A consumer over the columns of its versions."""

    name: str
    href: str
    columns: tuple[Column, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a model; ``cells`` has one tuple of chips for each column, empty without a record."""

    name: str
    id: str
    version: str
    href: str
    attention: bool
    cells: tuple[tuple[Chip, ...], ...]


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The overview page."""

    footer: Footer
    counts: tuple[StatusCount, ...]
    models: int
    cells: int
    attention: tuple[AttentionGroup, ...]
    consumers: tuple[ConsumerHead, ...]
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[tuple[str, Column], ...]:
        """All columns with the name of their consumer, from left to right."""
        return tuple((head.name, column) for head in self.consumers for column in head.columns)


def overview(records: Sequence[Record], *, generated_at: str) -> Overview:
    """Prepare the overview of the current records, one for each cell."""
    consumers = sorted({record.consumer for record in records}, key=consumer_order)
    models = context.by_model(records)
    return Overview(
        footer=context.footer(records, generated_at),
        counts=context.counts(records),
        models=len(models),
        cells=len(records),
        attention=_attention(models),
        consumers=_heads(records, consumers),
        rows=tuple(_row(group, consumers) for group in models),
    )


def _heads(records: Sequence[Record], consumers: Sequence[ConsumerRef]) -> tuple[ConsumerHead, ...]:
    return tuple(
        ConsumerHead(
            name=name,
            href=addresses.consumer_page(name),
            columns=tuple(
                _column([record for record in records if record.consumer == consumer], consumer)
                for consumer in consumers
                if consumer.name == name
            ),
        )
        for name in dict.fromkeys(consumer.name for consumer in consumers)
    )


def _column(records: Sequence[Record], consumer: ConsumerRef) -> Column:
    found = tally_models(records)
    return Column(
        version=consumer.version,
        depth=", ".join(sorted({record.depth.value for record in records})),
        models=context.tally_text(found, "models"),
        passed_share=round(100 * found.passed / found.answered, 1) if found.answered else None,
    )


def _row(group: Sequence[Record], consumers: Sequence[ConsumerRef]) -> Row:
    model = group[0].model
    return Row(
        name=context.model_name(group),
        id=model.id,
        version=model.version,
        href=addresses.model_page(model),
        attention=any(record.status in (Status.FAILED, Status.INCONCLUSIVE) for record in group),
        cells=tuple(
            _chips([record for record in group if record.consumer == consumer]) for consumer in consumers
        ),
    )


def _chips(records: Sequence[Record]) -> tuple[Chip, ...]:
    """One chip for each record; of weights that the tool does not open, one for all."""
    closed = context.chips([record for record in records if record.status is Status.NOT_APPLICABLE])
    opened = context.chips([record for record in records if record.status is not Status.NOT_APPLICABLE])
    if len(closed) > 1:
        closed = (msgspec.structs.replace(closed[0], text="other formats" if opened else "every format"),)
    return (*opened, *closed)


def _attention(models: Sequence[Sequence[Record]]) -> tuple[AttentionGroup, ...]:
    groups: dict[tuple[Status, str, str], list[Link]] = {}
    shared = Counter(map(context.model_name, models))
    for group in models:
        name = context.model_name(group)
        if shared[name] > 1:
            name = f"{name} ({context.model_text(group[0].model)})"
        for record in sorted(group, key=context.attention_order):
            if record.status in (Status.FAILED, Status.INCONCLUSIVE):
                kind = (record.status, context.reason_text(record), context.blame_text(record))
                groups.setdefault(kind, []).append(_link(record, name))
    ranked = sorted(
        groups.items(),
        key=lambda item: (context.ATTENTION_FIRST.index(item[0][0]), -len(item[1]), item[0][1:]),
    )
    return tuple(
        AttentionGroup(
            look=context.look(status),
            reason=reason,
            blame=blame,
            count=len(links),
            links=tuple(links[:_SHOWN]),
            more=tuple(links[_SHOWN:]),
        )
        for (status, reason, blame), links in ranked
    )


def _link(record: Record, name: str) -> Link:
    environment = f" ({record.environment.name})" if record.environment else ""
    return Link(
        model=name,
        cell=f"{context.format_text(record)} in {context.consumer_text(record)}{environment}",
        href=addresses.record_address(record),
    )
