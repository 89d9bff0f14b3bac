"""The runner does what GitHub does: files, variables, statuses, matrices, artifacts, caches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.workflows.events import REPOSITORY, push
from tests.github.workflows.graph import Outcome
from tests.github.workflows.javascript import Actions
from tests.github.workflows.repositories import commit, new_repository
from tests.github.workflows.runner import Run

RunText = Callable[..., tuple[Run, dict[str, Outcome]]]


@pytest.fixture
def run_text(actions: Actions, tmp_path: Path) -> RunText:
    """Runs the jobs of a workflow that is given as text; each call is a run of its own."""
    repository = new_repository(tmp_path / "repository")
    commit(repository, {"first": "1"})
    sha = commit(repository, {"second": "2"})
    runs: list[Run] = []

    def run(jobs: str, **values: Any) -> tuple[Run, dict[str, Outcome]]:
        file = tmp_path / "workflow.yml"
        file.write_text(f"on: push\njobs:\n{jobs}")
        made = Run(
            folder=tmp_path / f"run-{len(runs)}",
            github={**push("main"), "sha": sha, **values},
            repositories={REPOSITORY: repository},
            shared=tmp_path / "shared",
        )
        runs.append(made)
        return made, made.workflow(actions, file)

    return run


def test_outputs_go_from_step_to_job_to_job(run_text: RunText) -> None:
    _, ended = run_text("""
  one:
    outputs: {said: "${{ steps.say.outputs.words }}", more: "${{ steps.say.outputs.lines }}"}
    steps:
      - {id: say, run: "printf 'words=a=b\\\\nlines<<END\\\\n1\\\\n2\\\\nEND\\\\n' >> $GITHUB_OUTPUT"}
  two:
    needs: one
    outputs: {heard: "${{ steps.hear.outputs.heard }}"}
    steps:
      - {id: hear, env: {SAID: "${{ needs.one.outputs.said }}"}, run: 'echo "heard=$SAID!" >> $GITHUB_OUTPUT'}
""")
    assert ended["one"].outputs == {"said": "a=b", "more": "1\n2"}
    assert ended["two"].outputs == {"heard": "a=b!"}


def test_what_follows_a_red_step(run_text: RunText) -> None:
    run, ended = run_text("""
  red:
    steps:
      - {name: allowed, run: exit 1, continue-on-error: true}
      - {name: red, run: "false\\necho never"}
      - {name: left out, run: echo}
      - {name: always, if: always(), run: echo}
      - {name: not cancelled, if: "${{ !cancelled() }}", run: echo}
      - {name: failure, if: failure(), run: echo}
  after: {needs: red, steps: [{run: echo}]}
  after-all: {needs: [red, after], if: always(), steps: [{run: echo}]}
""")
    assert {name: outcome.result for name, outcome in ended.items()} == {
        "red": "failure",
        "after": "skipped",
        "after-all": "success",
    }
    of_red = [(step.step, step.ok) for step in run.steps if step.job == "red"]
    assert of_red == [
        ("allowed", False),
        ("red", False),
        ("always", True),
        ("not cancelled", True),
        ("failure", True),
    ]
    assert all("never" not in step.log for step in run.steps)


def test_a_matrix_is_as_many_jobs(run_text: RunText) -> None:
    run, ended = run_text("""
  plan:
    outputs: {list: "${{ steps.list.outputs.list }}"}
    steps:
      - id: list
        run: echo 'list=[{"name":"a","code":0},{"name":"b","code":1}]' >> $GITHUB_OUTPUT
  each:
    name: each ${{ matrix.name }} of ${{ strategy.job-total }}
    needs: plan
    strategy: {matrix: {include: "${{ fromJSON(needs.plan.outputs.list) }}"}}
    steps:
      - {env: {CODE: "${{ matrix.code }}"}, run: exit $CODE}
""")
    assert [(step.job, step.ok) for step in run.steps[1:]] == [("each a of 2", True), ("each b of 2", False)]
    assert ended["each"].result == "failure"


def test_jobs_share_artifacts_and_nothing_else(run_text: RunText) -> None:
    run, ended = run_text("""
  up:
    steps:
      - run: mkdir -p out/a out/b/c alone
      - run: touch out/a/1 out/b/c/2 alone/3 unseen
      - {uses: actions/upload-artifact@0, with: {name: part-both, path: "out/a\\nout/b"}}
      - {uses: actions/upload-artifact@0, with: {name: part-one, path: alone}}
  down:
    needs: up
    steps:
      - {uses: actions/download-artifact@0, with: {pattern: part-*, path: parts}}
      - {uses: actions/download-artifact@0, with: {name: part-one}}
      - run: find . -type f
  nothing:
    steps:
      - {uses: actions/upload-artifact@0, with: {name: part-none, path: none, if-no-files-found: error}}
  twice:
    needs: up
    steps: [{run: touch x}, {uses: actions/upload-artifact@0, with: {name: part-one, path: .}}]
""")
    found = next(step.log for step in run.steps if step.step.startswith("find"))
    assert sorted(found.split()) == [
        "./3",
        "./parts/part-both/a/1",
        "./parts/part-both/b/c/2",
        "./parts/part-one/3",
    ]
    assert (ended["nothing"].result, ended["twice"].result) == ("failure", "failure")


def test_a_checkout_is_the_events_commit(run_text: RunText) -> None:
    run, _ = run_text("""
  shallow:
    steps: [{uses: actions/checkout@0}, {run: git rev-list --count HEAD}, {run: ls}]
  whole:
    steps: [{uses: actions/checkout@0, with: {fetch-depth: 0}}, {run: git rev-list --count HEAD}]
  branch:
    steps: [{uses: actions/checkout@0, with: {ref: main, path: there}}, {run: ls there}]
""")
    logs = [step.log.split() for step in run.steps if not step.step.startswith("actions/")]
    assert logs == [["1"], ["first", "second"], ["2"], ["first", "second"]]


CACHE = """
  job:
    steps:
      - {{uses: {action}@0, with: {{key: "{key}", restore-keys: k-, path: ~/kept}}}}
      - run: find ~/kept -type f -printf '%f '
        continue-on-error: true
      - run: mkdir -p ~/kept
      - run: touch ~/kept/{key}
"""


def test_a_cache_is_restored_and_kept_under_its_key(run_text: RunText) -> None:
    logs = []
    for action, key in [
        ("cache", "k-1"),
        ("cache", "k-1"),
        ("cache/restore", "k-2"),
        ("cache/restore", "k-2"),
    ]:
        run, _ = run_text(CACHE.format(action=f"actions/{action}", key=key))
        logs.append(run.steps[1].log if run.steps[1].ok else "")
    assert logs == ["", "k-1 ", "k-1 ", "k-1 "]


def test_steps_see_githubs_variables(run_text: RunText, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_OF_THIS_PROCESS", "x")
    run, _ = run_text("""
  job:
    steps:
      - run: echo "NEXT=1" >> "$GITHUB_ENV"
      - run: env
      - run: cat "$GITHUB_EVENT_PATH"
      - run: echo "# page" >> "$GITHUB_STEP_SUMMARY"
""")
    seen = dict(line.split("=", 1) for line in run.steps[1].log.splitlines())
    assert seen["NEXT"] == "1"
    assert seen["GITHUB_EVENT_NAME"] == "push"
    assert "A_SECRET_OF_THIS_PROCESS" not in seen
    assert "GITHUB_TOKEN" not in seen
    assert '"after"' in run.steps[2].log
    assert run.summaries == {"job": "# page\n"}
