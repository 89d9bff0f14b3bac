"""What the jobs of one run hand over, as files: its plan, and what each shard has recorded.

All of it is data of strangers. GitHub vouches for three things only: which run an artifact is from, the
digest of its archive, and the names of the run's jobs, which tell the plan's digest and were made before any
model ran.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.errors import RefusedError
from harness.github.actions import Actions
from harness.github.unpack import DEFAULT, UnpackLimits, unpack
from harness.github.values import Artifact, WorkflowRun
from harness.job_names import plan_of, shard_of

PLAN = "plan"
_BUDGET = 8 * 1024**3  # bytes on disk, of all folders: less than the machines of GitHub have free


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
    budget: int = _BUDGET,
) -> Fetched:
    """Unpack the plan and the shards of a run into folders of these names below ``folder``.

    A shard that cannot be taken is left out and told: its cells have no record then.

    Args:
        workflow: the path of the file that the run must be of; others may have the same name.
        limits: of each archive.
        budget: bytes that all of them together may unpack to; of a refused one, the archive counts.

    Raises:
        RefusedError: the run is not ours, or its plan is missing or cannot be taken.
        GitHubError: GitHub does not give what is asked.
    """
    found = actions.run(run)
    _check_run(found, repository, workflow)
    digest, count = plan_of(actions.job_names(run))
    chosen, refused = choose(actions.artifacts(run), run, count=count)
    if PLAN not in chosen:
        raise RefusedError(
            f"run {run}: has no artifact named {PLAN}; its job `plan` has not handed it over: see its log"
        )
    folders = []
    for name, artifact in sorted(chosen.items()):
        try:
            budget -= _take(actions, artifact, run, folder / name, limits, budget)
        except RefusedError as error:
            if name == PLAN:
                raise
            refused.append(str(error))
            budget -= min(artifact.size, limits.zip_bytes, budget)  # it may have been downloaded all the same
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


def choose(artifacts: Iterable[Artifact], run: int, *, count: int) -> tuple[dict[str, Artifact], list[str]]:
    """The plan and the shards by name, and which shards are left out, in sentences.

    Of several with one name, the newest counts: jobs may run again. When all do, the shards that lie there
    from the attempt before are older than the plan, and there may have been more or fewer.

    Args:
        count: of the shards that there are.

    Raises:
        RefusedError: one of them is of another run.
    """
    found: dict[str, Artifact] = {}
    for artifact in sorted(artifacts, key=lambda artifact: artifact.id):
        if artifact.name == PLAN or shard_of(artifact.name):
            if artifact.run != run:
                raise RefusedError(f"artifact {artifact.name}: is of run {artifact.run}, not of {run}")
            found[artifact.name] = artifact
    left_out = {}
    for name, artifact in sorted(found.items()):
        shard = shard_of(name)
        if shard and shard.shards != count:
            left_out[name] = f"by the names of its jobs the run has {count} shards"
        elif shard and PLAN in found and artifact.id < found[PLAN].id:
            left_out[name] = "is older than the plan, from an attempt before"
    chosen = {name: artifact for name, artifact in found.items() if name not in left_out}
    return chosen, [f"run {run}: artifact {name}: {why}" for name, why in left_out.items()]


def _take(
    actions: Actions, artifact: Artifact, run: int, folder: Path, limits: UnpackLimits, left: int
) -> int:
    """Download one archive aside, hold it against its digest, and unpack it; how many bytes that gave."""
    if artifact.expired:
        raise RefusedError(f"artifact {artifact.name} of run {run}: has expired; run the workflow again")
    if artifact.size > limits.zip_bytes:
        sizes = f"{artifact.size:,} bytes, at most {limits.zip_bytes:,}"
        raise RefusedError(f"artifact {artifact.name} of run {run}: has {sizes}")
    if artifact.size > left:
        raise RefusedError(f"artifact {artifact.name} of run {run}: is too much, with those before it")
    with tempfile.TemporaryDirectory(prefix="harness-artifact-") as aside:
        archive = Path(aside) / f"{artifact.name}.zip"
        actions.download(artifact, archive, limit=limits.zip_bytes)
        if artifact.digest and artifact.digest != _sha256(archive):
            raise RefusedError(
                f"artifact {artifact.name} of run {run}: is not what GitHub keeps; fetch it again"
            )
        allowed = msgspec.structs.replace(limits, total_bytes=min(limits.total_bytes, left))
        paths = unpack(archive, folder, allowed)
    return sum((folder / path).stat().st_size for path in paths)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1024**2):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
