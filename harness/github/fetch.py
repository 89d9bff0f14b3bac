"""What the jobs of one run hand over, as files: its plan, and what each shard has recorded.

All of it is data of strangers. GitHub vouches for three things only: which run an artifact is from, the
digest of its archive, and the names of the run's jobs, which tell the plan's digest and were made before any
model ran.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.errors import RefusedError
from harness.github.actions import Actions
from harness.github.unpack import DEFAULT, UnpackLimits, unpack
from harness.github.values import Artifact, WorkflowRun

PLAN = "plan"
_SHARD = re.compile(r"shard-(?P<number>[1-9][0-9]{0,2})-of-(?P<all>[1-9][0-9]{0,2})")
_DIGEST = re.compile(r"\bplan (?P<digest>[0-9a-f]{64})$")


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What was fetched.

    Attributes:
        digest: of the plan, by the names of the jobs; empty where no job ran by a plan.
        folders: names of those that were unpacked.
        refused: what was not, and why, a sentence each.
    """

    run: int
    head_sha: str
    digest: str
    folders: tuple[str, ...]
    refused: tuple[str, ...]


def fetch(
    actions: Actions,
    run: int,
    folder: Path,
    *,
    repository: str,
    workflow: str,
    limits: UnpackLimits = DEFAULT,
) -> Fetched:
    """Unpack the plan and the shards of a run into folders of these names below ``folder``.

    A shard that cannot be taken is left out and told: its cells have no record then.

    Args:
        workflow: the path of the file that the run must be of; others may have the same name.

    Raises:
        RefusedError: the run is not ours, or its plan is missing or cannot be taken.
        GitHubError: GitHub does not give what is asked.
    """
    found = actions.run(run)
    _check_run(found, repository, workflow)
    chosen = choose(actions.artifacts(run), run)
    if PLAN not in chosen:
        raise RefusedError(
            f"run {run}: has no artifact named {PLAN}; its job `plan` has not handed it over: see its log"
        )
    digest = digest_of(actions.job_names(run))
    if not digest and len(chosen) > 1:
        raise RefusedError(f"run {run}: has shards, but no job whose name ends with `plan` and a digest")
    refused: list[str] = []
    folders = []
    for name, artifact in sorted(chosen.items()):
        try:
            _take(actions, artifact, run, folder / name, limits)
        except RefusedError as error:
            if name == PLAN:
                raise
            refused.append(str(error))
        else:
            folders.append(name)
    return Fetched(
        run=run, head_sha=found.head_sha, digest=digest, folders=tuple(folders), refused=tuple(refused)
    )


def _check_run(run: WorkflowRun, repository: str, workflow: str) -> None:
    if run.repository.lower() != repository.lower():
        raise RefusedError(f"run {run.id}: is of {run.repository}, not of {repository}")
    if run.workflow != workflow:
        raise RefusedError(
            f"run {run.id}: is of {run.workflow}, not of {workflow}; name its file with --workflow"
        )
    if run.status != "completed":
        raise RefusedError(f"run {run.id}: is not completed; fetch it when it is")


def choose(artifacts: Iterable[Artifact], run: int) -> Mapping[str, Artifact]:
    """The plan and the shards by name. Of several with one name, the newest counts: jobs may run again.

    Raises:
        RefusedError: one of them is of another run, or they are not shards of one division.
    """
    chosen: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda artifact: artifact.id):
        if artifact.name == PLAN or _SHARD.fullmatch(artifact.name):
            if artifact.run != run:
                raise RefusedError(f"artifact {artifact.name}: is of run {artifact.run}, not of {run}")
            chosen[artifact.name] = artifact
    shards = [found for name in chosen if (found := _SHARD.fullmatch(name))]
    if len({shard["all"] for shard in shards}) > 1 or any(int(s["number"]) > int(s["all"]) for s in shards):
        names = ", ".join(sorted(shard[0] for shard in shards)[:10])
        raise RefusedError(f"run {run}: its shards do not belong together: {names}")
    return chosen


def digest_of(jobs: Iterable[str]) -> str:
    """The digest of the plan that the names of a run's jobs tell; empty if none does.

    Raises:
        RefusedError: they tell different ones.
    """
    digests = sorted({found["digest"] for name in jobs if (found := _DIGEST.search(name))})
    if len(digests) > 1:
        raise RefusedError(f"the jobs ran by different plans: {', '.join(digests)}; run all jobs again")
    return digests[0] if digests else ""


def _take(actions: Actions, artifact: Artifact, run: int, folder: Path, limits: UnpackLimits) -> None:
    """Download one archive aside, hold it against its digest, and unpack it."""
    if artifact.expired:
        raise RefusedError(f"artifact {artifact.name} of run {run}: has expired; run the workflow again")
    if artifact.size > limits.zip_bytes:
        sizes = f"{artifact.size:,} bytes, at most {limits.zip_bytes:,}"
        raise RefusedError(f"artifact {artifact.name} of run {run}: has {sizes}")
    with tempfile.TemporaryDirectory(prefix="harness-artifact-") as aside:
        archive = Path(aside) / f"{artifact.name}.zip"
        actions.download(artifact, archive, limit=limits.zip_bytes)
        if artifact.digest and artifact.digest != _sha256(archive):
            raise RefusedError(
                f"artifact {artifact.name} of run {run}: is not what GitHub keeps; fetch it again"
            )
        unpack(archive, folder, limits)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1024**2):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
