"""What a change of thousands of models costs on GitHub: ``python -m benchmarks.large_change --help``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from benchmarks.many_models import make_collection
from harness import jsonio, labels
from harness.change import Change
from harness.github.message import LONGEST_BODY
from harness.job_names import MAX_SHARDS, ShardName
from harness.ledger.record import HarnessRef, Record
from harness.plan.plan import Plan, PlannedCell, read_plan
from harness.plan.shard import split
from harness.verdict import Reason, Status
from tests.github.double import REPOSITORY, Double

_ROOT = Path(__file__).parent.parent
_MODEL = _ROOT / "collection" / "nuclei-unet2d"
_RUN = "20260101T000000-000000"
_SHA = "a" * 40
_PULL = 7
_WHO = {
    f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
_REASONS = (Reason.VALUES_DIFFER, Reason.EXCEPTION, Reason.DESCRIPTION_INVALID, None, None, None)


def measure(folder: Path, model: Path, *, models: int) -> dict[str, object]:
    """From a commit that changes all ``models`` to the comment on it; seconds, memory in MB, sizes in bytes.

    The repository is a real one. Models are copies of one, and half of the records of what would run are red.
    """
    checkout = folder / "zoo"
    make_repository(checkout, model, models=models)
    plan, output, reports, summary = (folder / name for name in ("plan", "output", "reports", "summary.md"))
    matrix = ["github", "matrix", "collection", "--base", "HEAD~1", "--output", str(plan)]
    cold = _harness(checkout, *matrix, variables={"GITHUB_OUTPUT": str(folder / "first")})
    costs = {"matrix, new descriptions": cold}
    costs["matrix, descriptions seen before"] = _harness(
        checkout, *matrix, variables={"GITHUB_OUTPUT": str(output)}
    )
    planned = read_plan(plan / "plan.json")
    jobs = hand_over(planned, folder / "jobs")
    policy = ("--output", str(reports), "--policy", str(plan / "policy.toml"))
    taken = ("github", "take", str(plan), str(folder / "jobs"), "--output", str(reports))
    costs["take"] = _harness(checkout, *taken)
    costs["gate"] = _harness(checkout, "gate", *policy, expected=1)
    costs["summary"] = _harness(
        checkout, "github", "summary", *policy, variables={"GITHUB_STEP_SUMMARY": str(summary)}
    )
    with Double() as github:
        _propose(github, checkout, reports)
        for command in ("checks", "comment"):
            said = ("github", command, "--output", str(reports))
            costs[command] = _harness(checkout, *said, variables=github.variables)
        (check,) = github.state.check_runs.values()
        (comment,) = github.state.comments_of(_PULL)
        requests, violations = len(github.requests), github.violations
    return {
        "models": models,
        "cells": len(planned.cells),
        "jobs": jobs,
        "costs": costs,
        "bytes": {
            "plan.json": (plan / "plan.json").stat().st_size,
            "GITHUB_OUTPUT": output.stat().st_size,
            "summary": summary.stat().st_size,
        },
        "comment_characters": len(comment.body.encode("utf-16-le")) // 2,
        "annotations": len(check.annotations),
        "requests": requests,
        "violations": violations,
    }


def make_repository(checkout: Path, model: Path, *, models: int) -> None:
    """A repository whose second commit changes the description of every model. Large files are links."""
    make_collection(model, checkout / "collection", count=models)
    (checkout / "collection" / "policy.toml").write_text("schema = 1\n")
    (checkout / "environments").symlink_to(_ROOT / "environments")
    _git(checkout, "init", "--quiet")
    blobs = {file.name: file.read_bytes() for file in model.iterdir() if file.name != "rdf.yaml"}
    stream = [
        b"blob\nmark :%d\n%b" % (mark, _data(data)) for mark, data in enumerate(blobs.values(), start=1)
    ]
    folders = sorted(path for path in (checkout / "collection").iterdir() if path.is_dir())
    for number in (1, 2):
        stream.append(
            b"commit refs/heads/main\ncommitter a <a@example.org> %d +0000\n%b" % (number, _data(b"x"))
        )
        for path in folders:
            place = path.relative_to(checkout).as_posix().encode()
            text = (path / "rdf.yaml").read_bytes() + b"# before\n" * (number == 1)
            stream.append(b"M 100644 inline %b/rdf.yaml\n%b" % (place, _data(text)))
            if number == 1:
                names = enumerate(blobs, start=1)
                stream += [b"M 100644 :%d %b/%b\n" % (mark, place, name.encode()) for mark, name in names]
    _git(checkout, "fast-import", "--quiet", content=b"".join(stream))
    _git(checkout, "symbolic-ref", "HEAD", "refs/heads/main")


def hand_over(plan: Plan, folder: Path) -> int:
    """What the jobs of the plan would hand over, in folders of their names; returns how many have cells."""
    jobs = 0
    for number, part in enumerate(split(plan.cells, MAX_SHARDS), start=1):
        if part.cells:
            jobs += 1
            segment = folder / str(ShardName(number, MAX_SHARDS)) / "ledger" / f"{_RUN}.jsonl"
            segment.parent.mkdir(parents=True)
            lines = (jsonio.dumps(record) + b"\n" for record in _records(part.cells, plan.created_at))
            segment.write_bytes(b"".join(lines))
    return jobs


def _records(cells: tuple[PlannedCell, ...], at: str) -> Iterator[Record]:
    for number, entry in enumerate(cells):
        reason = entry.settled.verdict.reason if entry.settled else _REASONS[number % len(_REASONS)]
        yield Record(
            **{field: getattr(entry.cell, field) for field in entry.cell.__struct_fields__},
            key=entry.key,
            run=_RUN,
            depth=entry.depth,
            status=reason.status if reason else Status.PASSED,
            reason=reason.slug if reason else None,
            blame=reason.blame if reason else None,
            stage=reason.stage if reason else None,
            message=f"field name: what happened to {entry.cell.model.id}" if reason else "",
            hint=labels.REASON[reason].hint if reason else "",
            started_at=at,
            harness=HarnessRef(version="0"),
        )


def _propose(github: Double, checkout: Path, reports: Path) -> None:
    """A pull request with what was taken."""
    descriptions = sorted((checkout / "collection").glob("*/rdf.yaml"))
    paths = [path.relative_to(checkout).as_posix() for path in descriptions]
    github.state.add_pull(_PULL, _SHA, *paths)
    for path, file in zip(paths, descriptions, strict=True):
        github.state.contents[_SHA, path] = file.read_bytes()
    change = jsonio.read(reports / "change.json", Change)
    told = {"event": "pull_request", "repository": REPOSITORY, "pull": _PULL, "head_sha": _SHA}
    jsonio.write(reports / "change.json", msgspec.structs.replace(change, **told))


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _git(folder: Path, *arguments: str, content: bytes = b"") -> None:
    command = ["git", "-C", str(folder), *arguments]
    subprocess.run(command, input=content, check=True, env={**os.environ, **_WHO}, stdout=subprocess.DEVNULL)


def _harness(
    folder: Path, *arguments: str, expected: int = 0, variables: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Run the command line in a folder; ``wait4`` tells what it used."""
    clock = time.perf_counter()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            stdout=output,
            stderr=output,
            cwd=folder,
            env={**environ, "PYTHONPATH": str(_ROOT), **(variables or {})},
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode != expected:
            raise SystemExit(f"harness {' '.join(arguments)} failed:\n{output.read().decode()[-2000:]}")
    return {
        "seconds": round(time.perf_counter() - clock, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_memory_mb": round(used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)),
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large_change",
        description="Ten thousand models take about ten minutes: each description is read once as a new one.",
    )
    parser.add_argument("--models", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--model", type=Path, default=_MODEL, metavar="DIR", help="to be copied")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="harness-large-change-") as folder:
        os.environ["HARNESS_CACHE_DIR"] = str(Path(folder, "cache"))
        figures = measure(Path(folder), args.model, models=args.models)
    print(json.dumps(figures, indent=2))
    if figures["comment_characters"] > LONGEST_BODY:  # type: ignore[operator]
        raise SystemExit("the comment is too long")


if __name__ == "__main__":
    main()
