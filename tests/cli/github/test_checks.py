from __future__ import annotations

import shutil
import time
from pathlib import Path

import msgspec
import pytest

from harness import jsonio
from harness.errors import ExitCode
from harness.github.checks import accept
from harness.github.client import Client
from harness.github.session import connect
from harness.ledger.record import Record
from harness.verdict import Reason
from tests.cli.github.conftest import PULL, RUN, SHA, Harness
from tests.cli.github.said import comments, state, taken
from tests.cli.planned import outcome_of
from tests.github.double import Double
from tests.github.double.state import REPOSITORY

BASE = "refs/heads/main"

PASSED = outcome_of("a")
FAILED = outcome_of("a", Reason.VALUES_DIFFER)
UNKNOWN = outcome_of("a", Reason.DOWNLOAD_FAILED)


@pytest.mark.parametrize(
    ("outcome", "said", "label"),
    [(PASSED, "success", "passed"), (FAILED, "failure", "failed"), (UNKNOWN, "error", "no verdict")],
)
def test_what_became_of_it(
    repository: Double, harness: Harness, outcome: Record, said: str, label: str, tmp_path: Path
) -> None:
    reports = taken(tmp_path / "reports", outcome)
    assert harness("checks", "--output", reports) == ExitCode.SATISFIED
    assert harness("comment", "--output", reports) == ExitCode.SATISFIED
    assert state(repository) == said
    (status,) = repository.state.statuses
    assert status.target_url == "https://github.example/bioimage-io/runs/11"
    (run,) = repository.state.check_runs.values()
    (comment,) = comments(repository)
    assert run.output["summary"] == comment
    assert repository.state.pulls[PULL].labels == {f"harness: {label}"}


@pytest.mark.parametrize(
    ("tool", "said"), [("spotmax", "success"), ("biapy", "failure"), ("a stranger's", "failure")]
)
def test_a_tool_that_its_team_calls_advisory_does_not_block(
    repository: Double, harness: Harness, tool: str, said: str, tmp_path: Path
) -> None:
    consumer = msgspec.structs.replace(FAILED.consumer, name=tool)
    failed = msgspec.structs.replace(FAILED, key="failed", consumer=consumer)
    reports = taken(tmp_path / "reports", PASSED, failed)
    assert harness("checks", "--output", reports) == 0
    assert state(repository) == said


def test_said_again_it_is_one_comment(repository: Double, harness: Harness, tmp_path: Path) -> None:
    for name, outcome in (("first", FAILED), ("second", PASSED)):
        assert harness("comment", "--output", taken(tmp_path / name, outcome)) == 0
    (comment,) = comments(repository)
    assert "1 of 1 cell failed" not in comment
    assert repository.state.pulls[PULL].labels == {"harness: passed"}


@pytest.mark.parametrize("command", ["checks", "comment"])
def test_pushed_over_nothing_is_said(
    repository: Double, harness: Harness, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.state.pulls[PULL].head_sha = "c" * 40
    assert harness(command, "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.SATISFIED
    assert "pushed over or closed, or tested again since: nothing is said" in capsys.readouterr().out
    assert (repository.state.statuses, repository.state.comments) == ([], {})


def test_pushed_over_while_it_is_said(repository: Double, harness: Harness, tmp_path: Path) -> None:
    """The status is that of the commit that was tested; the new head has none."""

    def push() -> None:
        repository.state.pulls[PULL].head_sha = "c" * 40

    repository.fail(method="POST", path="statuses", first=push)
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == 0
    assert (state(repository), state(repository, "c" * 40)) == ("success", "")


@pytest.mark.parametrize(
    "path",
    [
        "harness/execute/judge/compare.py",
        ".github/workflows/pull-request.yml",
        "environments/pytorch/requirements.lock",
        "collection/policy.toml",
    ],
)
def test_what_a_maintainer_decides_is_never_green_whatever_the_run_says(
    repository: Double, harness: Harness, path: str, tmp_path: Path
) -> None:
    repository.state.pulls[PULL].files.append((path, "modified"))
    reports = taken(tmp_path / "reports", PASSED)  # change.json says nothing of that file
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    assert state(repository) == "pending"
    (comment,) = comments(repository)
    assert path in comment
    assert "/harness accept" in comment
    assert repository.state.pulls[PULL].labels == {"harness: to review"}


def test_what_it_was_before_it_was_renamed_is_looked_at(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    repository.state.pulls[PULL].files.append(("harness/moved.py", "renamed"))
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == 0
    assert state(repository) == "pending"


def test_the_run_handed_over_nothing(repository: Double, harness: Harness, tmp_path: Path) -> None:
    assert harness("checks", "--output", tmp_path / "nothing") == 0
    assert harness("comment", "--output", tmp_path / "nothing") == 0
    assert state(repository) == "error"
    assert "the run handed over no plan" in comments(repository)[0]


def test_a_plan_by_another_policy_than_the_base_has(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    policy = b'schema = 1\n[checks]\nrequired = ["determinism"]\n'
    repository.state.contents[BASE, "collection/policy.toml"] = policy
    reports = taken(tmp_path / "reports", PASSED)
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    assert state(repository) == "error"
    assert "push, or rebase" in comments(repository)[0].replace("\n", " ")


def test_the_policy_is_that_of_the_base_not_of_this_checkout(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    rule = 'schema = 1\n[[rule]]\nconsumer = "*"\nlevel = "advisory"\nwhy = "all is new"\n'
    here = tmp_path / "collection" / "policy.toml"
    here.parent.mkdir()
    here.write_text(rule)
    reports = taken(tmp_path / "reports", FAILED)
    harness("checks", "--output", reports)
    assert state(repository) == "failure"
    repository.state.contents[BASE, "collection/policy.toml"] = rule.encode()
    harness("checks", "--output", reports)
    assert state(repository) == "success"


def test_the_policy_is_what_the_branch_has_now(repository: Double, harness: Harness, tmp_path: Path) -> None:
    """GitHub's commit of the base is as old as the last push of the pull request."""
    rule = 'schema = 1\n[[rule]]\nconsumer = "*"\nlevel = "advisory"\nwhy = "was so then"\n'
    pull = repository.state.pulls[PULL]
    repository.state.contents[pull.base_sha, "collection/policy.toml"] = rule.encode()
    repository.state.contents["refs/tags/main", "collection/policy.toml"] = rule.encode()
    reports = taken(tmp_path / "reports", FAILED)
    harness("checks", "--output", reports)
    assert state(repository) == "failure"
    pull.base = "releases/1"
    repository.state.contents["refs/heads/releases/1", "collection/policy.toml"] = rule.encode()
    harness("checks", "--output", reports)
    assert state(repository) == "success"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"head_sha": "b" * 40}, f"field head_sha: is '{'b' * 40}', but the run was for {SHA}"),
        ({"pull": 8}, "field pull: is 8, but the run was for #7"),
        ({"repository": "o/n"}, f"field repository: is 'o/n', but the run was for {REPOSITORY}"),
    ],
)
def test_a_run_that_speaks_of_somebody_else_is_told_where_it_belongs(
    repository: Double, harness: Harness, changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    repository.state.add_pull(8, "b" * 40).head = "another:branch"
    reports = taken(tmp_path / "reports", PASSED, **changes)
    for command in ("checks", "comment"):
        assert harness(command, "--output", reports) == ExitCode.SATISFIED
    assert (state(repository), state(repository, "b" * 40)) == ("error", "")
    assert words.partition(",")[0] in comments(repository)[0].replace("\n", "")  # long lines are broken
    assert repository.state.comments_of(8) == []


@pytest.mark.parametrize("count", [2_999, 3_000, 3_001, 10_000])
def test_more_files_than_github_lists_hide_nothing(
    repository: Double, harness: Harness, count: int, tmp_path: Path
) -> None:
    repository.state.pulls[PULL].files = [(f"a/{number}", "added") for number in range(count)]
    reports = taken(tmp_path / "reports", PASSED)
    for command in ("checks", "comment"):
        assert harness(command, "--output", reports) == ExitCode.SATISFIED
    if count < 3_000:
        assert state(repository) == "success"
    else:
        assert state(repository) == "error"
        assert f"changes {count:,} files, and GitHub's list of them ends at 3,000" in comments(repository)[0]


def test_the_commit_of_several_pull_requests_is_not_green(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    repository.state.add_pull(8, SHA).head = "another:branch"
    reports = taken(tmp_path / "reports", PASSED)
    for command in ("checks", "comment"):
        assert harness(command, "--output", reports) == ExitCode.SATISFIED
    assert state(repository) == "pending"
    assert "The same commit is proposed in `#8`, too" in comments(repository)[0]
    repository.state.pulls[8].state = "closed"
    assert harness("checks", "--output", reports) == ExitCode.SATISFIED
    assert state(repository) == "success"


@pytest.mark.parametrize("command", ["checks", "comment"])
def test_a_run_that_was_started_again_is_left_to_its_next_end(
    repository: Double, harness: Harness, command: str, tmp_path: Path
) -> None:
    repository.state.runs[RUN].attempt = 2
    assert harness(command, "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.SATISFIED
    assert (repository.state.statuses, repository.state.comments) == ([], {})


@pytest.mark.parametrize("command", ["checks", "comment"])
def test_what_is_pushed_while_files_are_listed_hides_nothing(
    repository: Double, harness: Harness, command: str, tmp_path: Path
) -> None:
    """The list is of the head of that moment, and the status would be of the one before."""
    pull = repository.state.pulls[PULL]
    repository.fail(path=f"pulls/{PULL}/files$", first=lambda: setattr(pull, "head_sha", "c" * 40))
    assert harness(command, "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.SATISFIED
    assert (repository.state.statuses, repository.state.comments) == ([], {})


def test_files_are_listed_again_for_another_base(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    """To which branch it goes may change at any time, and with it what it changes."""

    def goes_elsewhere() -> None:
        pull.base = "other"
        pull.files.append(("harness/cell.py", "modified"))

    pull = repository.state.pulls[PULL]
    repository.fail(path=f"pulls/{PULL}$", skip=1, first=goes_elsewhere)
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.SATISFIED
    assert state(repository) == "pending"


def test_accepted_and_said_again(repository: Double, harness: Harness, tmp_path: Path) -> None:
    reports = taken(tmp_path / "reports", PASSED, review=("harness/a.py",))
    harness("checks", "--output", reports)
    with connect(repository.variables, again="") as api:
        assert accept(Client(api), SHA, "octocat")
    assert state(repository) == "success"
    harness("checks", "--output", reports)
    harness("comment", "--output", reports)
    assert state(repository) == "success"
    assert repository.state.pulls[PULL].labels == {"harness: passed"}


def test_without_an_event_the_change_is_believed(
    repository: Double, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_EVENT_NAME")
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == 0
    assert state(repository) == "success"
    shutil.rmtree(tmp_path / "reports")
    assert harness("checks", "--output", tmp_path / "reports") == ExitCode.USAGE


@pytest.mark.parametrize("command", ["checks", "comment"])
@pytest.mark.parametrize("status", [500, 503])
def test_an_api_that_errs_loses_nothing(
    repository: Double,
    harness: Harness,
    command: str,
    status: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports = taken(tmp_path / "reports", PASSED)
    repository.fail(method="POST", status=status, times=99)
    assert harness(command, "--output", reports) == ExitCode.NO_VERDICT
    said = capsys.readouterr().err
    assert said.endswith(f"no verdict is lost: run `harness github {command} --output {reports}` again\n")
    assert said.count("\n") == 1
    repository.faults.clear()
    assert harness(command, "--output", reports) == ExitCode.SATISFIED


def test_faults_of_a_description_are_on_their_lines(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    invalid = outcome_of("a", Reason.DESCRIPTION_INVALID)
    fault = msgspec.structs.replace(invalid, message="rdf.yaml: field name: is too long")
    reports = taken(tmp_path / "reports", fault)
    assert harness("checks", "--output", reports) == 0
    repository.state.contents[SHA, "collection/a/rdf.yaml"] = b"id: a\nname: b\n"
    assert harness("checks", "--output", reports) == 0
    without, run = repository.state.check_runs.values()
    assert without.annotations == []
    (annotation,) = run.annotations
    assert (annotation["path"], annotation["start_line"]) == ("collection/a/rdf.yaml", 2)


def test_a_long_rate_limit(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reset = str(int(time.time()) + 3000)
    repository.fail(status=403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}, times=99)
    assert harness("comment", "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.NO_VERDICT
    said = capsys.readouterr().err
    assert "the rate limit is reached" in said
    assert "no verdict is lost: run `harness github comment" in said
    assert (tmp_path / "reports" / "ledger").is_dir()


def test_what_was_refused_is_said(repository: Double, harness: Harness, tmp_path: Path) -> None:
    reports = taken(tmp_path / "reports", PASSED)
    jsonio.write(reports / "refused.json", ["shard-1-of-1: ledger/x.jsonl: line 3 is no record"])
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    assert state(repository) == "error"
    assert "line 3 is no record" in comments(repository)[0]


def test_what_was_published_is_compared(repository: Double, harness: Harness, tmp_path: Path) -> None:
    published = taken(tmp_path / "published", PASSED)
    reports = taken(tmp_path / "reports", FAILED)
    assert harness("comment", "--output", reports, "--published", published) == 0
    assert "passed before" in comments(repository)[0]


def test_a_token_that_may_make_no_check_runs(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.state.may_write_checks = False
    assert harness("checks", "--output", taken(tmp_path / "reports", PASSED)) == ExitCode.SATISFIED
    assert state(repository) == "success"
    assert "no check run: GitHub: POST check-runs: refused with 403" in capsys.readouterr().out


def test_a_change_of_another_schema(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = taken(tmp_path / "reports", PASSED, schema=2)
    assert harness("checks", "--output", reports) == ExitCode.USAGE
    assert "change.json: field schema: is 2, this harness reads 1" in capsys.readouterr().err
