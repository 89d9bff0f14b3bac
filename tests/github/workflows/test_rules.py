"""The workflows keep the rules; and each rule finds what breaks it."""

from __future__ import annotations

import re

import pytest

from tests.github.workflows import rules
from tests.github.workflows.sources import ACTIONS, WORKFLOWS, Source, all_sources, read

BY_NAME = {source.name: source for source in all_sources()}


@pytest.mark.parametrize("source", all_sources(), ids=lambda source: source.name)
def test_every_file_keeps_the_rules(source: Source) -> None:
    assert rules.broken(source) == []


def test_the_files_are_found() -> None:
    assert len(WORKFLOWS) == 8
    assert len(ACTIONS) == 2


def test_one_action_has_one_version() -> None:
    used = [re.findall(r"uses: ([\w-]+/[\w-]+)\S*@(.*)", source.text) for source in all_sources()]
    versions: dict[str, set[str]] = {}
    for action, version in (each for found in used for each in found):
        versions.setdefault(action, set()).add(version)
    assert {action: found for action, found in versions.items() if len(found) > 1} == {}


_PERSIST = "          persist-credentials: false\n"

# (rule, file, what is there, what is put in its place)
PLANTED = [
    ("one_command", "command.yml", "run: harness github command", "run: harness github command && true"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command; true"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command | tee log"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command $(cat x)"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command > log"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command `cat x`"),
    ("one_command", "command.yml", "run: harness github command", "run: harness github command & true"),
    (
        "one_command",
        "command.yml",
        "run: harness github command",
        "run: |\n          harness\n          harness",
    ),
    ("one_command", "command.yml", "        run: harness github command\n", ""),
    ("one_command", "setup/action.yml", "run: harness doctor", "run: true; harness doctor"),
    ("no_expression_in_a_command", "collection.yml", '"$SHARD"', '"${{ matrix.shard }}"'),
    ("no_expression_in_a_command", "setup/action.yml", "shell: bash", "shell: sh"),
    ("python_imports_nothing_of_the_checkout", "setup/action.yml", "python -I -m pip", "python -m pip"),
    ("pinned", "command.yml", "actions/checkout@", "actions/checkout@v7 # "),
    ("pinned", "command.yml", " # v7.0.1", ""),
    ("pinned", "command.yml", " # v7.0.1", " # v7"),
    (
        "pinned",
        "command.yml",
        "- uses: actions/checkout",
        "- {uses: actions/checkout@v7}\n      - uses: actions/checkout",
    ),
    ("pinned", "nightly.yml", "uses: $/.github", "uses: ./.github"),
    ("time_limits", "command.yml", "    timeout-minutes: 15\n", ""),
    ("time_limits", "command.yml", "timeout-minutes: 15", "timeout-minutes: 600"),
    ("least_rights", "command.yml", "permissions: {}\n", ""),
    ("least_rights", "command.yml", "permissions: {}\n", "permissions: read-all\n"),
    ("least_rights", "tests.yml", "    permissions:\n      contents: read\n", ""),
    ("least_rights", "pull-request.yml", "contents: read", "contents: write"),
    ("least_rights", "collection.yml", "contents: read\n", "contents: read\n      actions: read\n"),
    ("no_credentials_left", "collection.yml", _PERSIST, ""),
    ("no_credentials_left", "collection.yml", _PERSIST, _PERSIST.replace("false", "true")),
    ("token_for_one_step", "collection.yml", "permissions: {}\n", "permissions: {}\nenv:\n  A: b\n"),
    (
        "token_for_one_step",
        "collection.yml",
        "    name: plan\n",
        "    name: plan\n    env:\n      GITHUB_TOKEN: ${{ github.token }}\n",
    ),
    ("token_for_one_step", "collection.yml", "SHARD: ${{ matrix.shard }}", "SHARD: ${{ github.token }}"),
    ("token_for_one_step", "collection.yml", "SHARD: ${{ matrix.shard }}", "SHARD: ${{ github['token'] }}"),
    (
        "token_for_one_step",
        "collection.yml",
        "SHARD: ${{ matrix.shard }}",
        "SHARD: ${{ secrets.GITHUB_TOKEN }}",
    ),
    ("runs_of_one_kind_wait", "pull-request.yml", "cancel-in-progress: true", "cancel-in-progress: false"),
    ("runs_of_one_kind_wait", "nightly.yml", "cancel-in-progress: false", "cancel-in-progress: true"),
    ("runs_of_one_kind_wait", "nightly.yml", "concurrency:\n", "x-concurrency:\n"),
    ("runs_of_one_kind_wait", "command.yml", "concurrency:", "x-concurrency:"),
    ("matrix_goes_on", "collection.yml", "      fail-fast: false\n", ""),
    (
        "strangers_start_nothing_of_theirs",
        "pull-request.yml",
        "  pull_request:\n",
        "  pull_request_target:\n",
    ),
    (
        "strangers_start_nothing_of_theirs",
        "pull-request-report.yml",
        "github.event.repository.default_branch",
        "github.event.workflow_run.head_sha",
    ),
    (
        "strangers_start_nothing_of_theirs",
        "pull-request-report.yml",
        _PERSIST,
        f"{_PERSIST}          repository: ${{{{ github.event.workflow_run.head_repository.full_name }}}}\n",
    ),
    (
        "strangers_start_nothing_of_theirs",
        "pull-request-report.yml",
        "uses: $/.github/actions/setup",
        "uses: $/.github/actions/caches",
    ),
]


@pytest.mark.parametrize(("rule", "name", "there", "planted"), PLANTED)
def test_a_rule_finds_what_breaks_it(rule: str, name: str, there: str, planted: str) -> None:
    source = BY_NAME[name]
    assert there in source.text
    text = source.text.replace(there, planted, 1)

    found = rules.broken(Source(name, text))

    assert [what for what in found if what.startswith(f"{rule}: {name}: ")] != []


def test_every_rule_is_broken_once() -> None:
    assert {rule.__name__ for rule in rules.RULES} == {rule for rule, *_ in PLANTED}


def test_a_file_is_named_as_its_rules_know_it() -> None:
    names = {read(path).name for path in WORKFLOWS}
    assert {*rules.UNTRUSTED, *rules.PRIVILEGED} <= names
