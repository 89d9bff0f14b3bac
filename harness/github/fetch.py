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
_JOB = re.compile(r"\brun [1-9][0-9]{0,2}/(?P<all>[1-9][0-9]{0,2}), plan (?P<digest>[0-9a-f]{64})$")


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
    digest, count = plan_of(actions.job_names(run))
    chosen = choose(actions.artifacts(run), run, count=count)
    if PLAN not in chosen:
        raise RefusedError(
            f"run {run}: has no artifact named {PLAN}; its job `plan` has not handed it over: see its log"
        )
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


def choose(artifacts: Iterable[Artifact], run: int, *, count: int) -> Mapping[str, Artifact]:
    """The plan and the shards by name. Of several with one name, the newest counts: jobs may run again.

    Args:
        count: of the shards that there must be at most.

    Raises:
        RefusedError: one of them is of another run, or no shard of so many.
    """
    chosen: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda artifact: artifact.id):
        if artifact.name == PLAN or _SHARD.fullmatch(artifact.name):
            if artifact.run != run:
                raise RefusedError(f"artifact {artifact.name}: is of run {artifact.run}, not of {run}")
            chosen[artifact.name] = artifact
    for name in sorted(chosen):
        shard = _SHARD.fullmatch(name)
        if shard and (int(shard["all"]) != count or int(shard["number"]) > count):
            raise RefusedError(f"run {run}: artifact {name}: by the names of its jobs it has {count} shards")
    return chosen


def plan_of(jobs: Iterable[str]) -> tuple[str, int]:
    """The digest of the plan and the number of shards that the names of a run's jobs tell: "run 2/5, plan …".

    An empty digest and no shard if no name does: nothing had to run.

    Raises:
        RefusedError: they tell different ones.
    """
    told = sorted({(found["digest"], int(found["all"])) for name in jobs if (found := _JOB.search(name))})
    if len(told) > 1:
        plans = ", ".join(f"{digest} in {count}" for digest, count in told)
        raise RefusedError(f"the jobs ran by different plans: {plans}; run all jobs again")
    return told[0] if told else ("", 0)


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
