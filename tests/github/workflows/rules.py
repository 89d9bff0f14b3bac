"""The rules that workflows keep: each says what breaks it, one phrase for each place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.github.workflows.sources import Source

UNTRUSTED = ("pull-request.yml", "collection.yml", "tests.yml")  # run code of strangers
PRIVILEGED = ("pull-request-report.yml", "command.yml")  # are started by strangers, and have rights

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# More than one command, or a command in a command. Parameters, also with a default, are none.
_MORE = re.compile(r"[\n;|<>`]|&|\$\(")


def one_command(source: Source) -> Iterator[str]:
    """A step is an action or one command: all logic is in the harness, where it is tested."""
    for where, step in source.steps:
        if ("uses" in step) == ("run" in step):
            yield f"{where}: neither an action nor a command"
        if found := _MORE.search(step.get("run", "").strip()):
            yield f"{where}: more than one command: {found[0]!r}"


def no_expression_in_a_command(source: Source) -> Iterator[str]:
    """Values reach a command by variables: what a stranger has chosen is never part of it."""
    for where, step in source.steps:
        if "${{" in step.get("run", ""):
            yield f"{where}: an expression in run"
        if "${{" in step.get("shell", "") or step.get("shell", "bash") != "bash":
            yield f"{where}: another shell than bash"


def python_imports_nothing_of_the_checkout(source: Source) -> Iterator[str]:
    """``python -m pip`` runs a folder ``pip`` of the working folder, which is a stranger's; -I does not."""
    for where, step in source.steps:
        if source.name != "tests.yml" and re.match(r"python\S* (?!-I )", step.get("run", "").strip()):
            yield f"{where}: python without -I"


def pinned(source: Source) -> Iterator[str]:
    """Actions of others are named by commit, with the version for the reader."""
    for number, line in enumerate(source.text.splitlines(), 1):
        used = re.fullmatch(r"\s*(?:- )?uses: (?P<what>.*?)\s*", line)
        if used and not used["what"].startswith("$/") and not _PINNED.fullmatch(used["what"]):
            yield f"line {number}: not pinned: {used['what']}"
        if re.search(r"\buses:", line) and not used and not line.lstrip().startswith("#"):
            yield f"line {number}: uses is not on a line of its own"


def time_limits(source: Source) -> Iterator[str]:
    """Every job ends."""
    for name, job in source.jobs.items():
        if "uses" not in job and not 1 <= int(job.get("timeout-minutes", "0")) <= 360:
            yield f"{name}: no timeout-minutes up to 360"


def least_rights(source: Source) -> Iterator[str]:
    """A workflow begins with no right; each job states what it needs, and for code of strangers: to read."""
    if not source.jobs:
        return
    if source.content.get("permissions") != {}:
        yield "permissions of the workflow are not {}"
    for name, job in source.jobs.items():
        rights = job.get("permissions")
        if not isinstance(rights, dict):
            yield f"{name}: no permissions of its own"
        elif source.name in UNTRUSTED and rights != {"contents": "read"}:
            yield f"{name}: more than to read"


def no_credentials_left(source: Source) -> Iterator[str]:
    """A checkout keeps no token where models can find it."""
    for where, step in source.steps:
        if step.get("uses", "").startswith("actions/checkout@") and (
            step.get("with", {}).get("persist-credentials") != "false"
        ):
            yield f"{where}: persist-credentials is not false"


def token_for_one_step(source: Source) -> Iterator[str]:
    """The token is a variable of the step that uses it, and there is no other secret."""
    own = {("GITHUB_TOKEN", "${{ github.token }}")}
    allowed = 0
    for _, step in source.steps:
        allowed += len(own & set(step.get("env", {}).items()))
    code = re.sub(r"(?m)(^|\s)#.*", "", source.text)
    if len(re.findall(r"github\s*(?:\.\s*token|\[)", code)) > allowed:
        yield "github.token elsewhere than in env of a step, as GITHUB_TOKEN"
    if re.search(r"\bsecrets\b", code):
        yield "a secret"
    if "env" in source.content or any("env" in job for job in source.jobs.values()):
        yield "env that more than one step sees"


def runs_of_one_kind_wait(source: Source) -> Iterator[str]:
    """A newer push cancels the older run of a pull request; what publishes or answers goes on."""
    if not source.jobs or set(source.events) == {"workflow_call"}:
        return
    concurrency = source.content.get("concurrency")
    if not isinstance(concurrency, dict) or not concurrency.get("group"):
        yield "no concurrency group"
    elif (concurrency.get("cancel-in-progress") == "true") != ("pull_request" in source.events):
        yield "cancel-in-progress fits pull requests, and nothing else"


def matrix_goes_on(source: Source) -> Iterator[str]:
    """A red shard does not end the others."""
    for name, job in source.jobs.items():
        if "strategy" in job and job["strategy"].get("fail-fast") != "false":
            yield f"{name}: fail-fast is not false"


def strangers_start_nothing_of_theirs(source: Source) -> Iterator[str]:
    """Where a stranger's event has rights, nothing is used but the default branch: no cache, no artifact."""
    if "pull_request_target" in source.events:
        yield "pull_request_target"
    if source.name not in PRIVILEGED:
        return
    for where, step in source.steps:
        action, given = step.get("uses", ""), step.get("with", {})
        if action.startswith("actions/checkout@"):
            yield from (f"{where}: {wrong}" for wrong in _not_default(given))
        elif action and action != "$/.github/actions/setup":
            yield f"{where}: an action that may bring in what a stranger made: {action}"


def _not_default(given: dict[str, Any]) -> Iterator[str]:
    if given.get("ref") != "${{ github.event.repository.default_branch }}":
        yield "another ref than the default branch"
    if "repository" in given:
        yield "another repository"


RULES = (
    one_command,
    no_expression_in_a_command,
    python_imports_nothing_of_the_checkout,
    pinned,
    time_limits,
    least_rights,
    no_credentials_left,
    token_for_one_step,
    runs_of_one_kind_wait,
    matrix_goes_on,
    strangers_start_nothing_of_theirs,
)


def broken(source: Source) -> list[str]:
    """Everything that is against a rule, with the rule's name."""
    return [f"{rule.__name__}: {source.name}: {what}" for rule in RULES for what in rule(source)]
