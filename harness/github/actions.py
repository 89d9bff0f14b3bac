"""What the harness asks of GitHub Actions: runs, their jobs, and what they have left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.github import answered
from harness.github.session import Api
from harness.github.values import Artifact, WorkflowRun


class Actions:
    """The workflows of one repository. Every method raises GitHubError."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def run(self, number: int) -> WorkflowRun:
        """A run."""
        return answered.read(self._api.get("actions", "runs", number), answered.Run).value()

    def runs(self, workflow: str, sha: str) -> Iterator[WorkflowRun]:
        """The runs of a workflow, by its file name, for pull requests with a commit, the newest first."""
        items = self._api.each(
            "actions", "workflows", workflow, "runs", key="workflow_runs", head_sha=sha, event="pull_request"
        )
        return (answered.read(item, answered.Run).value() for item in items)

    def newest_run(self, workflow: str, sha: str) -> WorkflowRun | None:
        """The first of them; None if there is none."""
        return next(self.runs(workflow, sha), None)

    def artifacts(self, run: int) -> list[Artifact]:
        """What a run has left, the newest last."""
        items = self._api.each("actions", "runs", run, "artifacts", key="artifacts")
        artifacts = [answered.read(item, answered.Artifact).value() for item in items]
        return sorted(artifacts, key=lambda artifact: artifact.id)

    def download(self, artifact: Artifact, target: Path, *, limit: int) -> None:
        """Write the archive of an artifact, of at most ``limit`` bytes."""
        self._api.download("actions", "artifacts", artifact.id, "zip", target=target, limit=limit)

    def job_names(self, run: int) -> list[str]:
        """The names of the jobs of a run, of the newest attempt of each."""
        items = self._api.each("actions", "runs", run, "jobs", key="jobs", filter="latest")
        return [answered.read(item, answered.Named).name for item in items]

    def rerun_failed(self, run: int) -> None:
        """Run the jobs that failed again, and those that need them.

        A job that runs shards fails only without a verdict (``harness run --gate-later``).
        """
        self._api.post("actions", "runs", run, "rerun-failed-jobs", body={})
