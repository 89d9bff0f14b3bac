"""What the pages share: plain frozen values made from records, without markup, that templates only print.

The three kinds of pages have a module each: :mod:`~harness.reports.context_overview`,
:mod:`~harness.reports.context_model` and :mod:`~harness.reports.context_consumer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from harness import labels
from harness.cell import Device, ModelRef
from harness.ledger.record import HarnessRef, ModelInfo, Record
from harness.reports import addresses, quantities, words
from harness.reports.tally import Tally, consumer_order, version_key
from harness.verdict import Check, CheckStatus, Reason, Status

ATTENTION_FIRST = (Status.FAILED, Status.INCONCLUSIVE, Status.PASSED, Status.NOT_APPLICABLE)
COUNTED = (Status.PASSED, Status.FAILED, Status.INCONCLUSIVE, Status.NOT_APPLICABLE)
FINDINGS = (Check.SCAN, Check.AS_CALLED, Check.DETERMINISM, Check.AGREEMENT)


class Look(msgspec.Struct, frozen=True):
    """A status as shown: its name in the style sheet, its icon and its word."""

    name: str
    icon: str
    word: str


class StatusCount(msgspec.Struct, frozen=True):
    """How many cells have a status."""

    look: Look
    count: int


class Moment(msgspec.Struct, frozen=True):
    """A time for machines and for people."""

    iso: str
    text: str


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One record in short. ``text`` is what tells it from the others beside it, ``title`` the whole story."""

    look: Look
    text: str
    title: str
    href: str
    findings: int = 0


class Footer(msgspec.Struct, frozen=True):
    """When a page was made, and by which harness the records on it."""

    generated_at: Moment
    harness: tuple[str, ...]


def look(status: Status) -> Look:
    """How a status is shown."""
    return Look(status.value, labels.STATUS[status].icon, labels.STATUS[status].label)


def check_look(status: CheckStatus) -> Look:
    """How the status of a check is shown."""
    return Look(status.value, labels.CHECK_STATUS[status].icon, labels.CHECK_STATUS[status].label)


def counts(records: Iterable[Record]) -> tuple[StatusCount, ...]:
    """The cells of each status, zeros included."""
    found = [record.status for record in records]
    return tuple(StatusCount(look(status), found.count(status)) for status in COUNTED)


def moment(iso: str) -> Moment:
    """A stored time."""
    return Moment(iso, quantities.moment(iso))


def footer(records: Iterable[Record], generated_at: str) -> Footer:
    """The foot of a page; the harness versions newest first."""
    makers = {record.harness for record in records}
    ordered = sorted(makers, key=lambda maker: (version_key(maker.version), maker.commit), reverse=True)
    return Footer(moment(generated_at), tuple(map(harness_text, ordered)))


def harness_text(maker: HarnessRef) -> str:
    """ "0.1.0 (3f2a91c)", without the parenthesis where the commit is not known."""
    return f"{maker.version} ({maker.commit[:7]})" if maker.commit else maker.version


def reason_text(record: Record) -> str:
    """The label of the record's reason, empty if it passed."""
    return labels.REASON[Reason.from_slug(record.reason)].label if record.reason else ""


def blame_text(record: Record) -> str:
    """Who can act; empty where nobody has to."""
    if record.blame is None or record.status is Status.NOT_APPLICABLE:
        return ""
    return labels.BLAME[record.blame]


def failed_findings(record: Record) -> tuple[Check, ...]:
    """The checks that failed although the verdict is passed."""
    if record.status is not Status.PASSED:
        return ()
    return tuple(
        check.name for check in record.checks if check.name in FINDINGS and check.status is CheckStatus.FAILED
    )


def format_text(record: Record) -> str:
    """The weights format in short."""
    return words.FORMAT[record.weights_format] if record.weights_format else words.NO_FORMAT


def consumer_text(record: Record) -> str:
    """The consumer with its version."""
    return f"{record.consumer.name} {record.consumer.version}".rstrip()


def model_info(records: Sequence[Record]) -> ModelInfo:
    """What the newest record that knows anything tells of a model."""
    newest_first = sorted(records, key=lambda record: record.started_at, reverse=True)
    return next((r.model_info for r in newest_first if r.model_info != ModelInfo()), ModelInfo())


def by_model(records: Iterable[Record]) -> list[list[Record]]:
    """The records of each version of each model, models by name and versions from new to old."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.model.id, record.model.version), []).append(record)
    newest_first = sorted(groups.values(), key=lambda g: version_key(g[0].model.version), reverse=True)
    return sorted(newest_first, key=lambda group: (model_name(group).casefold(), group[0].model.id))


def model_name(records: Sequence[Record]) -> str:
    """The model's name, or else its id."""
    return model_info(records).name or records[0].model.id


def model_text(model: ModelRef) -> str:
    """The model's id with its version."""
    return f"{model.id} {model.version}".rstrip()


def attention_order(record: Record) -> tuple[int, bool, tuple[object, ...], str, str]:
    """Orders records: what needs attention first, then by consumer, weights format and device."""
    rank = ATTENTION_FIRST.index(record.status)
    return (
        rank,
        not failed_findings(record),
        consumer_order(record.consumer),
        record.weights_format or "",
        record.device,
    )


def distinguished(records: Sequence[Record]) -> list[str]:
    """A text for each record of one model and consumer that tells it from the others, as short as possible.

    CPU goes without saying; the environment is named only where the weights format and device repeat.
    """
    levels = [[_cell_text(record, level) for record in records] for level in range(4)]
    return next((texts for texts in levels if len(set(texts)) == len(texts)), levels[-1])


def _cell_text(record: Record, level: int) -> str:
    parts = [format_text(record)]
    if record.device is not Device.CPU:
        parts.append(record.device.value)
    if record.environment:
        environment = record.environment
        parts += (environment.name, environment.backend.value, environment.digest[:7])[:level]
    return " · ".join(parts)


def chips(records: Sequence[Record], *, root: str = "") -> tuple[Chip, ...]:
    """Chips of one model and consumer. ``root`` leads from the page to the site's root, "" or "../"."""
    ordered = sorted(records, key=_chip_order)
    return tuple(
        Chip(
            look=look(record.status),
            text=text,
            title=_title(record),
            href=root + addresses.record_address(record),
            findings=len(failed_findings(record)),
        )
        for record, text in zip(ordered, distinguished(ordered), strict=True)
    )


def _chip_order(record: Record) -> tuple[str, ...]:
    """Alike for every model, so that the eye finds the same chip at the same place."""
    environment = record.environment.name if record.environment else ""
    return (record.weights_format or "", record.device, environment, record.key)


def _title(record: Record) -> str:
    where = [consumer_text(record), format_text(record), record.device.value]
    if record.environment:
        where.append(f"environment {record.environment.name}")
    why = f": {reason_text(record)}" if record.reason else ""
    return f"{look(record.status).word}{why} ({', '.join(where)})"


def tally_text(found: Tally, things: str) -> str:
    """ "14/16 models"; says so where nothing was answered. "No verdict" is never counted."""
    if found.answered:
        return f"{found.passed}/{found.answered} {things}"
    return labels.STATUS[Status.NOT_APPLICABLE].label if found.not_applicable else "no verdict yet"
