"""Faults of descriptions as remarks on the lines that they are about (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from harness import labels
from harness.github.markdown import clipped, visible
from harness.github.message import Annotation, AnnotationLevel
from harness.github.yaml_lines import YamlLines
from harness.ledger.record import Record
from harness.verdict import Blame, Reason, Status

LONGEST_TITLE = 255
LONGEST_MESSAGE = 4_000
"""Characters; GitHub takes 64 KiB, at most four bytes each."""

_MOST = 20
_FAULT = re.compile(r"(?:^|[:;] )field ([^\s:;]{1,500}): (.*?)(?=; field |; and \d+ more$|$)", re.DOTALL)
_NAMED = re.compile(r"\b(?:inputs|outputs)\[[^\]\s]{1,100}\](?:\.\w{1,100}(?:\[[^\]\s]{1,100}\])?){0,10}")
_LINE = re.compile(r": (?:is not valid YAML: )?line (\d{1,7})[,:]")


def annotations_of(records: Iterable[Record], *, path: str, content: bytes) -> tuple[Annotation, ...]:
    """What the descriptions' authors have to mend, each on its line, without what was said already.

    Args:
        records: of one model; only those that failed by its description are looked at.
        path: the description, relative to the root of the repository.
        content: the description, by whomever.
    """
    lines = YamlLines(content)
    found: dict[tuple[int, str], tuple[Record, list[str]]] = {}
    for record in records:
        if record.status is not Status.FAILED or record.blame is not Blame.METADATA:
            continue
        for line, fault in _faults(record, lines):
            _, told = found.setdefault((line, str(record.reason)), (record, []))
            if fault not in told:
                told.append(fault)
    ordered = sorted(found.items(), key=lambda item: item[0])[:_MOST]
    return tuple(_annotation(record, path, line, told) for (line, _), (record, told) in ordered)


def _faults(record: Record, lines: YamlLines) -> Iterator[tuple[int, str]]:
    """Each line with what is wrong there; what names none is about the weights, or the whole description."""
    message = record.message
    named = list(_FAULT.finditer(message))
    for fault in named:
        yield lines.line_of(fault[1]), f"{fault[1]}: {fault[2]}"
    if named:
        return
    if stated := _LINE.search(message):
        yield lines.clamped(int(stated[1])), message
    elif field := _NAMED.search(message):
        yield lines.line_of(field[0]), message
    elif record.weights_format is not None:
        yield lines.line_of(f"weights.{record.weights_format.value}"), message
    else:
        yield 1, message


def _annotation(record: Record, path: str, line: int, faults: Sequence[str]) -> Annotation:
    reason = Reason.from_slug(str(record.reason))
    label = labels.REASON[reason].label
    told = [*"\n".join(faults).splitlines(), labels.REASON[reason].hint]
    return Annotation(
        path=path,
        start_line=line,
        level=AnnotationLevel.FAILURE,
        title=clipped(visible(f"{record.model.id}: {label}"), LONGEST_TITLE),
        message=clipped("\n".join(map(visible, told)), LONGEST_MESSAGE),
    )
