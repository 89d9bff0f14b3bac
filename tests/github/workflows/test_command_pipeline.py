"""Comments that are commands, by the workflow itself: who is obeyed, and what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.github.double import Double
from tests.github.workflows.answering import comments, tell
from tests.github.workflows.events import starts
from tests.github.workflows.hosted import Hosted
from tests.github.workflows.runner import Run
from tests.github.workflows.sources import GITHUB, read

pytestmark = pytest.mark.slow

POLICY, ENVIRONMENT = 51, 52  # pull requests
MAINTAINER, STRANGER = "maintainer", "stranger"


def excuses_everything(checkout: Path) -> None:
    policy = checkout / "collection" / "policy.toml"
    rule = '[[rule]]\nmodel = "*"\nlevel = "advisory"\nwhy = "so that nothing blocks"\n'
    policy.write_text(f"{policy.read_text()}\n{rule}")


def breaks_an_environment(checkout: Path) -> None:
    """No package has the digests that are locked, so that its cells get no verdict."""
    for lock in (checkout / "environments" / "onnx").glob("**/*.lock"):
        lock.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", lock.read_text()))


@pytest.fixture(scope="module")
def proposed(hosted: Hosted, double: Double) -> str:
    """The commit of a pull request that changes the policy; it was answered."""
    double.state.permissions[MAINTAINER] = "write"
    run, ended = hosted.run("pull-request.yml", hosted.propose(POLICY, excuses_everything, fork=True))
    assert ended["collection"].result == "success", run.log
    hosted.run("pull-request-report.yml", tell(double.state, run, hosted.path))
    return double.state.pulls[POLICY].head_sha


def status(double: Double, commit: str) -> str:
    """Of the status to require."""
    said = double.state.newest_status(commit, "harness")
    return said.state if said else ""


def after(
    hosted: Hosted, double: Double, author: str, body: str, *, pull: int = POLICY
) -> tuple[Run, list[str]]:
    """Somebody comments, and the workflow runs; that, and the reactions to the comment."""
    github = comments(double.state, pull, author, body)
    assert starts(read(GITHUB / "workflows" / "command.yml"), github)
    run, _ = hosted.run("command.yml", github)
    return run, double.state.comments[github["event"]["comment"]["id"]].reactions


def test_only_who_may_push_accepts_and_only_the_head(hosted: Hosted, double: Double, proposed: str) -> None:
    accept = f"/harness accept {proposed[:12]}"
    assert status(double, proposed) == "pending"
    assert accept in "".join(comment.body for comment in double.state.comments_of(POLICY))

    run, reactions = after(hosted, double, STRANGER, accept)
    assert (reactions, status(double, proposed)) == (["-1"], "pending"), run.log
    run, reactions = after(hosted, double, MAINTAINER, f"/harness accept {'0' * 12}")
    assert (reactions, status(double, proposed)) == (["-1"], "pending"), run.log

    run, reactions = after(hosted, double, MAINTAINER, f"{accept}\r\n")
    assert (reactions, status(double, proposed)) == (["+1"], "success"), run.log
    assert "harness: to review" not in double.state.pulls[POLICY].labels


NO_COMMANDS = [
    ("/harness accept {commit}; touch made", True),
    ("/harness accept {commit} && touch made", True),
    ("/harness accept $(touch made)", True),
    ("/harness `touch made`", True),
    ("/harness rerun inconclusive\n/harness accept {commit}", True),
    ("/harness help\nCOMMIT<<END\nmade\nEND", True),
    ("/harness ${{{{ github.token }}}}", True),
    ("It is fine: /harness accept {commit}", False),
    ("Fine.\n\n/harness accept {commit}\n\nThank you", False),
    ("> /harness accept {commit}", False),
]


@pytest.mark.parametrize(("text", "begins"), NO_COMMANDS)
def test_other_text_does_nothing(
    hosted: Hosted, double: Double, proposed: str, text: str, begins: bool
) -> None:
    asked, said = len(double.requests), len(double.state.statuses)

    run, reactions = after(hosted, double, MAINTAINER, text.format(commit=proposed))

    assert [step.step for step in run.steps if step.step == "Command"] == ["Command"] * begins
    assert all(step.ok for step in run.steps), run.log
    assert all("nothing was done" in step.log for step in run.steps if step.step == "Command"), run.log
    assert (reactions, len(double.requests), len(double.state.statuses)) == ([], asked, said), run.log
    assert not list(run.folder.rglob("made"))


def test_what_has_no_verdict_runs_again(hosted: Hosted, double: Double, proposed: str) -> None:
    github = hosted.propose(ENVIRONMENT, breaks_an_environment)
    run, ended = hosted.run("pull-request.yml", github)
    assert ended["collection"].result == "failure", run.log
    red = {step.step for step in run.steps if not step.ok}
    assert red == {"Run", "Gate"}, run.log
    assert "environment build failed" in next(step.log for step in run.steps if step.step == "Run")
    hosted.run("pull-request-report.yml", tell(double.state, run, hosted.path))
    again = double.state.runs[int(github["run_id"])]

    said, reactions = after(hosted, double, STRANGER, "/harness rerun inconclusive", pull=ENVIRONMENT)
    assert (reactions, again.reruns) == (["-1"], 0), said.log
    said, reactions = after(hosted, double, MAINTAINER, "/harness rerun inconclusive", pull=ENVIRONMENT)
    assert (reactions, again.reruns) == (["+1"], 1), said.log


def test_where_every_verdict_is_there_nothing_runs_again(
    hosted: Hosted, double: Double, proposed: str
) -> None:
    run, reactions = after(hosted, double, MAINTAINER, "/harness rerun inconclusive")
    assert reactions == ["confused"], run.log
    assert double.state.runs[1000 + POLICY].reruns == 0
