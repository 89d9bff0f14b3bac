"""New releases are found on the package index or in a team's own list, and become one more word in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.environments import releases, spec
from harness.environments.failure import EnvironmentBuildError
from harness.errors import ConfigurationError
from tests.collection.conftest import Server, server

from .conftest import TOML, Index, Maker

__all__ = ["server"]

VERSIONED = f'{TOML}versioned = "tiny"\nversions = ["1.0"]\n'


def versioned(make: Maker, toml: str = VERSIONED) -> spec.EnvironmentSpec:
    return make(toml=toml)


def test_the_newest_release_of_the_index(make: Maker, index: Index, tmp_path: Path) -> None:
    index.add("tiny", "1.5")
    index.add("tiny", "2.0rc1")
    assert releases.newest(versioned(make), log=tmp_path / "log") == "1.5"


def test_a_package_that_is_not_there(make: Maker, index: Index, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBuildError, match="looking for releases of absent"):
        releases.newest(versioned(make, VERSIONED.replace("tiny", "absent")), log=tmp_path / "log")


@pytest.mark.parametrize("text", ['["1.0", "1.10", "1.9", "2.0a1"]', "1.9\n1.10\n\n2.0a1\n"])
def test_a_teams_own_list(make: Maker, server: Server, tmp_path: Path, text: str) -> None:
    (server.folder / "versions").write_text(text, "utf-8")
    made = versioned(make, f'{VERSIONED}versions_url = "{server.url}/versions"\n')
    assert releases.newest(made, log=tmp_path / "log") == "1.10"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>log in</html>", "is no list of versions"),
        ('{"a": 1}', "is no list of versions"),
        ("[]", "lists no release"),
        ("1.0a1", "lists no release"),
        (None, "cannot be fetched .*404"),
    ],
)
def test_what_is_no_list_is_said(server: Server, text: str | None, words: str) -> None:
    if text is not None:
        (server.folder / "versions").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=words):
        releases.listed(f"{server.url}/versions")


def test_nothing_is_asked_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    with pytest.raises(ConfigurationError, match="downloads are switched off"):
        releases.listed("http://127.0.0.1:9/versions")


def test_a_new_release_is_added_in_front(
    make: Maker, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    made = versioned(make)
    make("plain")
    asked = ["env", "versions", "--environments", str(make.folder)]
    assert run_command_line(asked) == 0
    assert capsys.readouterr().out == "small: tiny 1.0 is the newest\n"
    index.add("tiny", "1.1")
    assert run_command_line(asked) == 0
    assert capsys.readouterr().out == "small: tiny 1.1 is new\n"
    assert len(spec.load_versions(made.folder)) == 1
    assert run_command_line([*asked, "--add"]) == 0
    assert "added; next: harness env lock small" in capsys.readouterr().out
    assert [each.name for each in spec.load_versions(made.folder)] == ["small-1.1", "small-1.0"]


def test_a_new_release_is_added_with_its_lock_or_not_at_all(
    make: Maker, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    made = versioned(make)
    (made.folder / "requirements.lock").rename(made.lock)
    asked = ["env", "versions", "--environments", str(made.folder.parent), "--add", "--lock"]
    index.add("tiny", "1.1", requires=("absent",))
    before = (made.folder / "environment.toml").read_bytes()
    assert run_command_line(asked) == 1
    out, err = capsys.readouterr()
    assert out == "small: tiny 1.1 is new\nsmall: 1.1 taken out again: it has no lock\n"
    assert "small-1.1: solving requirements.in" in err
    assert (made.folder / "environment.toml").read_bytes() == before
    index.add("tiny", "1.2")
    assert run_command_line(asked) == 0
    assert capsys.readouterr().out == "small: tiny 1.2 is new\nsmall: 1.2 added\n"
    new, old = spec.load_versions(made.folder)
    assert (new.name, new.lock.exists(), old.lock.read_text()) == ("small-1.2", True, "tiny==1.0\n")


def test_a_release_is_taken_out_again_where_conda_cannot_be_asked_for_it(
    make: Maker, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    made = versioned(make)
    (made.folder / "environment-1.0.yml").write_text("dependencies: none\n", "utf-8")
    index.add("tiny", "1.1")
    asked = ["env", "versions", "--environments", str(made.folder.parent), "--add", "--lock"]
    assert run_command_line(asked) == 1
    out, err = capsys.readouterr()
    assert out.endswith("small: 1.1 taken out again: it has no lock\n")
    assert "environment-1.1.yml" in err


def test_to_lock_is_to_add(make: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["env", "versions", "--environments", str(versioned(make).folder.parent), "--lock"]
    assert run_command_line(asked) == 2
    assert "--lock: is for what --add adds; give both" in capsys.readouterr().err


def test_a_list_that_cannot_be_read_does_not_keep_the_others_from_being_looked_at(
    make: Maker, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    make("broken", toml=VERSIONED + 'versions_url = "http://127.0.0.1:9/none"\n')
    versioned(make)
    assert run_command_line(["env", "versions", "--environments", str(make.folder)]) == 1
    told = capsys.readouterr()
    assert "broken: http://127.0.0.1:9/none: the list of versions cannot be fetched" in told.err
    assert told.out == "small: tiny 1.0 is the newest\n"


def test_a_list_in_another_form_is_left_to_people(make: Maker) -> None:
    made = versioned(make, VERSIONED.replace('versions = ["1.0"]', '"versions" = ["1.0"]'))
    with pytest.raises(ConfigurationError, match=r"add 2\.0 by hand"):
        releases.add(made, "2.0")


@pytest.mark.parametrize("lock", [(), ("--lock",)])
def test_what_is_left_to_people_does_not_keep_the_others_from_being_added(
    make: Maker, index: Index, lock: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    make("by-hand", toml=VERSIONED.replace('versions = ["1.0"]', '"versions" = ["1.0"]'))
    made = versioned(make)
    (made.folder / "requirements.lock").rename(made.lock)
    index.add("tiny", "1.1")
    asked = ["env", "versions", "--environments", str(made.folder.parent), "--add", *lock]
    assert run_command_line(asked) == 1
    out, err = capsys.readouterr()
    assert "by-hand: " in err
    assert "add 1.1 by hand" in err
    assert "small: tiny 1.1 is new\nsmall: " in out
    assert [each.version for each in spec.load_versions(made.folder)] == ["1.1", "1.0"]
