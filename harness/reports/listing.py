"""Records for other programs: the contract's JSON, CSV, and JUnit XML."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from xml.etree import ElementTree

from harness import jsonio, labels
from harness.ledger.record import Record
from harness.verdict import Reason, Status

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
COLUMNS = (
    "model", "version", "weights_format", "consumer", "consumer_version", "environment", "backend", "device",
    "status", "reason", "blame", "stage", "message", "seconds", "peak_memory_bytes", "attempts", "started_at",
    "key",
)  # fmt: skip


def as_json(records: Sequence[Record]) -> str:
    """A JSON list of whole records."""
    return jsonio.dumps(list(records), indent=2).decode()


def as_csv(records: Sequence[Record]) -> str:
    """One line for each record, with a heading line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_spreadsheet_safe(value) for value in row(record)])
    return stream.getvalue()


def row(record: Record) -> tuple[str, ...]:
    """A record's values in the order of ``COLUMNS``."""
    environment = record.environment
    return (
        record.model.id,
        record.model.version,
        record.weights_format.value if record.weights_format else "",
        record.consumer.name,
        record.consumer.version,
        environment.name if environment else "",
        environment.backend.value if environment else "",
        record.device.value,
        record.status.value,
        record.reason or "",
        record.blame.value if record.blame else "",
        record.stage.value if record.stage else "",
        record.message,
        f"{record.seconds:.3f}",
        str(record.peak_memory_bytes),
        str(record.attempts),
        record.started_at,
        record.key,
    )


def as_junit(records: Sequence[Record]) -> str:
    """One test case for each record: failed is a failure, no verdict an error, not applicable skipped."""
    suite = ElementTree.Element(
        "testsuite",
        name="harness",
        tests=str(len(records)),
        failures=str(_count(records, Status.FAILED)),
        errors=str(_count(records, Status.INCONCLUSIVE)),
        skipped=str(_count(records, Status.NOT_APPLICABLE)),
        time=f"{sum(record.seconds for record in records):.3f}",
    )
    elements = {
        Status.FAILED: "failure",
        Status.INCONCLUSIVE: "error",
        Status.NOT_APPLICABLE: "skipped",
    }
    for record in records:
        environment = record.environment.name if record.environment else "no environment"
        weights = record.weights_format.value if record.weights_format else "description"
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_xml_safe(record.model.id),
            name=f"{weights} in {record.consumer.name} {record.consumer.version} "
            f"({environment}, {record.device.value})",
            time=f"{record.seconds:.3f}",
        )
        if record.reason is not None:
            label = labels.REASON[Reason.from_slug(record.reason)].label
            element = ElementTree.SubElement(
                case, elements[record.status], message=_xml_safe(label), type=record.reason
            )
            element.text = _xml_safe(f"{record.message}\n{record.hint}")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _count(records: Sequence[Record], status: Status) -> int:
    return sum(record.status is status for record in records)


def _xml_safe(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _spreadsheet_safe(value: str) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe, as is usual."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
