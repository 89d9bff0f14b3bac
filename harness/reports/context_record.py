"""The section about one record on its model's page."""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Mapping

import msgspec

from harness import labels
from harness.cell import EnvironmentRef
from harness.ledger.record import Artifact, CheckResult, OutputResult, Record
from harness.reports import addresses, context, evidence, quantities, words
from harness.reports.context import Look, Moment
from harness.verdict import Reason, Status

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A check that failed beside a passed verdict: what that means, and what was measured."""

    name: str
    meaning: str
    message: str


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what it asks and what came out."""

    name: str
    asks: str
    look: Look
    seconds: str
    message: str


class OutputRow(msgspec.Struct, frozen=True, kw_only=True):
    """One output tensor against the declared one; ``expected_*`` is empty where it is not recorded."""

    name: str
    shape: str
    expected_shape: str
    shape_differs: bool
    dtype: str
    expected_dtype: str
    dtype_differs: bool
    max_abs_diff: str
    max_rel_diff: str
    mismatched: str
    allowed: str
    too_many: bool
    atol: str
    rtol: str
    headroom: str
    as_partition: bool
    message: str
    kind: str


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the circumstances; ``full`` is what ``text`` shortens, ``href`` a safe web address."""

    term: str
    text: str
    full: str = ""
    href: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of a difference, and in words what it shows."""

    title: str
    href: str


class FileLink(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact; ``href`` is empty if its file is gone."""

    word: str
    size: str
    href: str


class RecordSection(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is shown of one record. ``open`` says that its evidence is not folded away."""

    anchor: str
    look: Look
    findings: tuple[Finding, ...]
    cell: str
    consumer: str
    consumer_href: str
    reason: str
    stage: str
    blame: str
    message: str
    hint: str
    depth: str
    depth_means: str
    open: bool
    checks: tuple[CheckRow, ...]
    outputs: tuple[OutputRow, ...]
    facts: tuple[Fact, ...]
    started_at: Moment
    pictures: tuple[Picture, ...]
    files: tuple[FileLink, ...]
    command: str
    reproduce: str


def record_section(record: Record, *, cell: str, kept: Mapping[Artifact, str], root: str) -> RecordSection:
    """Prepare a record.

    Args:
        cell: what tells the record from others of its consumer.
        kept: the site's address of each artifact whose file is still there.
        root: leads from the page to the site's root.
    """
    findings = context.failed_findings(record)
    return RecordSection(
        anchor=addresses.record_anchor(record),
        look=context.look(record.status),
        findings=tuple(_finding(check) for check in record.checks if check.name in findings),
        cell=cell,
        consumer=context.consumer_text(record),
        consumer_href=root + addresses.consumer_page(record.consumer.name),
        reason=context.reason_text(record),
        stage=labels.STAGE[record.stage] if record.stage else "",
        blame=context.blame_text(record),
        message=plain_text(record.message),
        hint=record.hint or (labels.REASON[Reason.from_slug(record.reason)].hint if record.reason else ""),
        depth=record.depth.value,
        depth_means=words.DEPTH[record.depth],
        open=record.status in (Status.FAILED, Status.INCONCLUSIVE) or bool(findings),
        checks=tuple(map(_check, record.checks)),
        outputs=tuple(map(_output, record.outputs)),
        facts=_facts(record),
        started_at=context.moment(record.started_at),
        pictures=tuple(
            Picture(title=artifact.title, href=root + kept[artifact])
            for artifact in record.artifacts
            if artifact.kind == evidence.PICTURE and artifact in kept
        ),
        files=tuple(
            _file(artifact, kept, root) for artifact in record.artifacts if artifact.kind in words.FILE
        ),
        command=command(record),
        reproduce=f"harness reproduce {record.key[:12]}",
    )


def plain_text(text: str) -> str:
    """``text`` without the colour codes of terminals and without blank lines around it."""
    return _TERMINAL_CODES.sub("", text).strip("\r\n")


def command(record: Record) -> str:
    """The command that repeats the record; the id is quoted for the shell and is no pattern."""
    named = (
        record.collection if addresses.web_link(record.collection) else record.collection.rpartition(" (")[0]
    )
    parts = ["harness", "run", named or "collection", "--select", glob.escape(record.model.id)]
    parts += ["--consumer", record.consumer.name]
    if record.weights_format:
        parts += ["--weights", record.weights_format.value]
    if record.environment and record.environment.as_described:
        parts.append("--as-described")
    return shlex.join([*parts, "--device", record.device.value, "--rerun", "all"])


def _finding(check: CheckResult) -> Finding:
    return Finding(
        name=labels.CHECK[check.name][0], meaning=words.FINDING[check.name], message=plain_text(check.message)
    )


def _check(check: CheckResult) -> CheckRow:
    name, asks = labels.CHECK[check.name]
    return CheckRow(
        name=name,
        asks=asks,
        look=context.check_look(check.status),
        seconds=quantities.duration(check.seconds),
        message=plain_text(check.message),
    )


def _output(output: OutputResult) -> OutputRow:
    # A scalar has an empty shape too; without a dtype nothing at all was recorded about what was expected.
    expected = bool(output.expected_shape or output.expected_dtype)
    return OutputRow(
        name=output.name,
        shape=quantities.shape(output.shape),
        expected_shape=quantities.shape(output.expected_shape) if expected else "",
        shape_differs=expected and output.shape != output.expected_shape,
        dtype=output.dtype,
        expected_dtype=output.expected_dtype,
        dtype_differs=bool(output.expected_dtype) and output.dtype != output.expected_dtype,
        max_abs_diff=quantities.difference(output.max_abs_diff),
        max_rel_diff=quantities.difference(output.max_rel_diff),
        mismatched=quantities.per_million(output.mismatched_ppm),
        allowed=quantities.per_million(output.allowed_ppm),
        too_many=output.mismatched_ppm > output.allowed_ppm,
        atol=quantities.difference(output.atol),
        rtol=quantities.difference(output.rtol),
        headroom=quantities.percent(output.headroom),
        as_partition=output.comparison == "partition",
        message=plain_text(output.message),
        kind=output.kind,
    )


def _facts(record: Record) -> tuple[Fact, ...]:
    environment = record.environment
    facts = [
        Fact(term="Environment", text=_environment_text(environment)),
        Fact(term="Lock digest", text=environment.digest[:12], full=environment.digest)
        if environment
        else None,
        Fact(term="Device", text=record.device.value),
        Fact(term="Threads", text=str(record.threads)),
        Fact(term="Isolation", text=record.isolation),
        Fact(term="System", text=record.machine.system or record.platform),
        Fact(term="Processor", text=record.machine.processor),
        Fact(term="Python", text=record.machine.python),
        Fact(term="Time", text=quantities.duration(record.seconds)),
        Fact(term="Peak memory", text=quantities.memory(record.peak_memory_bytes)),
        Fact(term="GPU", text=record.machine.gpu),
        Fact(term="Peak GPU memory", text=quantities.memory(record.peak_device_memory_bytes))
        if record.peak_device_memory_bytes
        else None,
        Fact(term="Attempts", text=str(record.attempts)),
        Fact(term="Limits", text=quantities.limits(record.limits)),
        Fact(term="Run", text=record.run, href=addresses.web_link(record.run_url)),
        Fact(term="Harness", text=context.harness_text(record.harness), full=record.harness.commit),
        Fact(term="Model files", text=record.model.sha256[:12], full=record.model.sha256),
        Fact(term="Cell key", text=record.key[:12], full=record.key),
    ]
    return tuple(fact for fact in facts if fact and fact.text)


def _environment_text(environment: EnvironmentRef | None) -> str:
    if environment is None:
        return "none: nothing was run"
    declared = ", as the author of the model describes it" if environment.as_described else ""
    return f"{environment.name} ({environment.backend.value}){declared}"


def _file(artifact: Artifact, kept: Mapping[Artifact, str], root: str) -> FileLink:
    address = kept.get(artifact, "")
    word = words.FILE[artifact.kind]
    return FileLink(
        word=f"{artifact.title}, {word}" if artifact.title else word,
        size=quantities.memory(artifact.bytes),
        href=root + address if address else "",
    )
