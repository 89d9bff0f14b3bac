"""Put together what shards hand over: checked first, then written, each file under a name of its content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness import jsonio
from harness.errors import OutputError, RefusedError
from harness.ledger.foreign.evidence import read_evidence
from harness.ledger.foreign.records import Terms
from harness.ledger.foreign.shard import MOST_REFUSED, Shard, read_shard
from harness.ledger.moment import later
from harness.ledger.record import Artifact, Record
from harness.ledger.whose import weights_of
from harness.plain_text import one_line

REFUSED = "refused.json"
_KEPT_SENTENCES = 200
_MOST_EVIDENCE = 2 * 1024**3  # bytes of all files of one shard


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """How many records were taken, how many were blamed again, and what was refused, a sentence each."""

    records: int
    blamed_again: int
    refused: tuple[str, ...]


def take(
    shards: Sequence[Shard],
    terms: Terms,
    output: Path,
    *,
    name: str,
    beside: Mapping[str, bytes],
    refused: Sequence[str] = (),
) -> Taken:
    """Check everything, then write ledger, artifacts, ``refused.json`` and what is ``beside`` to ``output``.

    Nothing depends on when it is done: taking the same again writes the same files.

    Args:
        name: what the names of segments begin with.
        beside: further files, by their paths.
        refused: what was not taken of them, in sentences.

    Raises:
        OutputError: ``output`` cannot be written. It holds no half files; doing it again completes it.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=output.parent, prefix=f".{output.name}."))
    except OSError as error:
        raise _unwritable(output, error) from error
    try:
        (aside / "ledger").mkdir()
        taken = _take(shards, terms, aside, name, refused)
        jsonio.write(aside / REFUSED, _first(taken.refused))
        for path, data in beside.items():
            jsonio.write_bytes(aside / path, data)
        _move(aside, output)
    except OSError as error:
        raise _unwritable(output, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return taken


def _take(
    shards: Iterable[Shard], terms: Terms, folder: Path, name: str, refused_before: Iterable[str]
) -> Taken:
    records: dict[str, Record] = {}
    sentences = [one_line(sentence) for sentence in refused_before]
    for shard in shards:
        handed_over = read_shard(shard, terms)
        mine, refused = _with_evidence(handed_over.records, shard, folder, terms.planned_at)
        sentences += [*handed_over.refused, *refused]
        in_order = [mine[key] for key in terms.owed if key in mine]
        # Apart from each other: what is known already need not be published again.
        _write(folder, f"{name}-{shard.name}", [r for r in in_order if r.started_at >= terms.planned_at])
        _write(folder, f"{name}-{shard.name}", [r for r in in_order if r.started_at < terms.planned_at])
        records |= mine
    again = _blamed_again([records[key] for key in terms.owed if key in records], terms)
    _write(folder, f"{name}-whose", again)
    return Taken(records=len(records), blamed_again=len(again), refused=tuple(sentences))


def _first(sentences: Sequence[str]) -> list[str]:
    """The first sentences, and how many more there are."""
    more = len(sentences) - _KEPT_SENTENCES
    return [*sentences[:_KEPT_SENTENCES], *([f"… and {more:,} more"] if more > 0 else [])]


def _with_evidence(
    records: Mapping[str, Record], shard: Shard, folder: Path, planned_at: str
) -> tuple[dict[str, Record], list[str]]:
    """The records with the files that they name, which are stored; without those that are refused.

    The files of a record that is older than the plan lie with the published ledger, if not here.
    """
    refused: set[Artifact] = set()
    sentences: list[str] = []
    left = _MOST_EVIDENCE
    new = {artifact for r in records.values() if r.started_at >= planned_at for artifact in r.artifacts}
    for artifact in dict.fromkeys(artifact for r in records.values() for artifact in r.artifacts):
        if artifact not in new and not (shard.folder / "artifacts" / artifact.path).exists():
            continue
        if len(sentences) > MOST_REFUSED:
            refused.add(artifact)
            continue
        try:
            data = read_evidence(shard.folder / "artifacts", artifact)
            if len(data) > left:
                raise RefusedError(f"{artifact.path}: is too much, with the files before it")
        except RefusedError as error:
            refused.add(artifact)
            sentences.append(one_line(f"{shard.name}: artifacts/{error}"))
            if len(sentences) == MOST_REFUSED:
                sentences.append(f"{shard.name}: so many of its files are refused that the rest was not read")
            continue
        left -= len(data)
        jsonio.write_bytes(folder / "artifacts" / artifact.path, data)
    kept = {
        key: msgspec.structs.replace(
            record, artifacts=tuple(artifact for artifact in record.artifacts if artifact not in refused)
        )
        for key, record in records.items()
    }
    return kept, sentences


def _blamed_again(records: Sequence[Record], terms: Terms) -> list[Record]:
    """New records of those whose blame hangs on what another shard found out, a millisecond newer."""
    known = terms.whose.references(records)
    again = []
    for record in records:
        blamed = terms.whose.blamed_again(record, known.get(weights_of(record)))
        if blamed != record:
            again.append(msgspec.structs.replace(blamed, started_at=later(record.started_at)))
    return again


def _write(folder: Path, name: str, records: Sequence[Record]) -> None:
    """A segment whose name ends with the digest of its content; none without records."""
    if records:
        data = b"".join(jsonio.dumps(record) + b"\n" for record in records)
        jsonio.write_bytes(folder / "ledger" / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.jsonl", data)


def _move(source: Path, target: Path) -> None:
    """Move all files, what is in folders first, then what was refused; raises OSError.

    So whoever finds a plan there, finds beside it why something of it is missing.
    """
    for folder, _, names in os.walk(source, topdown=False):
        below = target / Path(folder).relative_to(source)
        below.mkdir(parents=True, exist_ok=True)
        for name in sorted(names, key=lambda name: name != REFUSED):
            (Path(folder) / name).replace(below / name)


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder}: cannot be written ({error.strerror or error}); free space or choose another --output"
    )
