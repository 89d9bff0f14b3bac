"""What the policy says of a model by its name holds for the model that has it in the base."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.ledger.record import Record
from harness.verdict import Reason
from tests.cli.github.conftest import PULL, SHA, Harness
from tests.cli.github.said import comments, state, taken
from tests.cli.planned import outcome_of
from tests.github.double import Double

WAIVER = """schema = 1
[[waiver]]
model = "{model}"
reasons = ["values-differ"]
owner = "@octocat"
why = "known"
expires = 9999-12-31
"""
RULE = 'schema = 1\n[[rule]]\nmodel = "{model}"\nlevel = "{level}"\nwhy = "known"\n'


def failing(source: str, called: str) -> Record:
    """A model in this folder that is called so."""
    outcome = outcome_of(source, Reason.VALUES_DIFFER)
    return msgspec.structs.replace(outcome, model=msgspec.structs.replace(outcome.model, id=called))


def base_has(github: Double, path: str, content: str) -> None:
    github.state.contents[f"refs/heads/{github.state.pulls[PULL].base}", f"collection/{path}"] = (
        content.encode()
    )


@pytest.mark.parametrize(
    "policy",
    [
        WAIVER.format(model="affable-shark"),
        WAIVER.format(model="affable-*"),
        RULE.format(model="affable-shark", level="advisory"),
        RULE.format(model="affable-shark", level="quarantined"),
    ],
)
@pytest.mark.parametrize(
    ("description", "said"),
    [
        (None, "pending"),
        ("id: another\n", "pending"),
        ("id: [affable-shark]\n", "pending"),
        ("id: 'affable-shark", "pending"),
        ("id: affable-shark\n", "success"),
    ],
)
def test_a_name_that_the_base_does_not_have_there_is_looked_at(
    repository: Double, harness: Harness, policy: str, description: str | None, said: str, tmp_path: Path
) -> None:
    base_has(repository, "policy.toml", policy)
    if description is not None:
        base_has(repository, "a/rdf.yaml", description)
    assert harness("checks", "--output", taken(tmp_path / "reports", failing("a", "affable-shark"))) == 0
    assert state(repository) == said


def test_it_is_told_and_can_be_accepted(repository: Double, harness: Harness, tmp_path: Path) -> None:
    base_has(repository, "policy.toml", WAIVER.format(model="affable-shark"))
    reports = taken(tmp_path / "reports", failing("a", "affable-shark"))
    assert harness("checks", "--output", reports) == 0
    assert harness("comment", "--output", reports) == 0
    (comment,) = comments(repository)
    assert "- `collection/a`\n" in comment
    tested = repository.state.newest_status(SHA, "harness/tested")
    assert tested is not None
    assert tested.state == "success"


def test_a_new_folder_that_is_called_as_a_model_is_looked_at(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    base_has(repository, "policy.toml", WAIVER.format(model="a"))
    assert harness("checks", "--output", taken(tmp_path / "reports", failing("a", "b"))) == 0
    assert state(repository) == "pending"


@pytest.mark.parametrize(("source", "said"), [("drafts/new", "success"), ("new", "pending")])
def test_a_rule_for_a_folder_is_for_what_lies_in_it(
    repository: Double, harness: Harness, source: str, said: str, tmp_path: Path
) -> None:
    base_has(repository, "policy.toml", RULE.format(model="drafts/*", level="quarantined"))
    repository.state.pulls[PULL].files = [(f"collection/{source}/rdf.yaml", "added")]
    assert harness("checks", "--output", taken(tmp_path / "reports", failing(source, "drafts/new"))) == 0
    assert state(repository) == said


def test_a_name_that_excuses_nothing_is_nobodys_concern(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    """The model has passed, or would not block under another name."""
    base_has(repository, "policy.toml", WAIVER.format(model="a"))
    assert harness("checks", "--output", taken(tmp_path / "reports", outcome_of("a"))) == 0
    assert state(repository) == "success"
    tool = msgspec.structs.replace(failing("a", "a").consumer, name="spotmax")  # advisory by itself
    failed = msgspec.structs.replace(failing("a", "a"), key="failed", consumer=tool)
    assert harness("checks", "--output", taken(tmp_path / "again", outcome_of("a"), failed)) == 0
    assert state(repository) == "success"
