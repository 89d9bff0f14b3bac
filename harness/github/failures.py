"""What of a collection fails in a tool, one notice for each reason (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from harness import labels
from harness.github.issues import Notice
from harness.github.markdown import Markdown, code, fence
from harness.github.templates import render
from harness.ledger.record import Record
from harness.verdict import Reason, Status

_MODELS = 50
_LINES = 20


def notices(records: Iterable[Record], consumers: Collection[str]) -> dict[str, Notice]:
    """Notices for these consumers' failures by ``CONSUMER/REASON``. The text changes only with what fails.

    Args:
        records: one for each cell, as ``harness.ledger.query.current`` gives them.
    """
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.status is Status.FAILED and record.reason and record.consumer.name in consumers:
            groups[record.consumer.name, record.reason].append(record)
    return {
        f"{consumer}/{slug}": _notice(consumer, Reason.from_slug(slug), members)
        for (consumer, slug), members in sorted(groups.items())
    }


def _notice(consumer: str, reason: Reason, records: list[Record]) -> Notice:
    ordered = sorted(records, key=_name)
    names = sorted({_name(record) for record in ordered})
    first = ordered[0]
    body = render(
        "issue.md.j2",
        models=[Markdown(f"{code(model)} ({weights})") for model, weights in names[:_MODELS]],
        more=len(names) - min(len(names), _MODELS),
        versions=Markdown(", ".join(str(code(version)) for version in _versions(ordered))),
        message=fence(first.message, lines=_LINES) if first.message.strip() else Markdown(),
        of=first.model.id,
        blame=Markdown(labels.BLAME[first.blame] if first.blame else ""),
        hint=Markdown(labels.REASON[reason].hint),
    )
    return Notice(title=f"{consumer}: {labels.REASON[reason].label}", body=body)


def _name(record: Record) -> tuple[str, str]:
    return record.model.id, record.weights_format.value if record.weights_format else "cannot be read"


def _versions(records: Iterable[Record]) -> list[str]:
    return sorted({record.consumer.version for record in records})
