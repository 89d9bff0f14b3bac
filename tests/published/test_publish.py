"""Publish ledgers on a branch of real repositories, also beside others, or where it is not allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import jsonio
from harness.cli import run_command_line
from harness.errors import ConfigurationError, ExitCode, RemoteError
from harness.ledger.query import current
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter, read_records
from harness.ledger.survey import Survey, read_surveys
from harness.published import branch, files
from harness.published.branch import Publication, get, publish
from harness.published.git import Remote, find_remote
from tests.cli.github.shards import keep, naming
from tests.conftest import ROOT
from tests.ledger.records import at, record


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A repository without a commit."""
    folder = tmp_path / "bare.git"
    folder.mkdir()
    git(folder, "init", "--quiet", "--bare")
    return folder


def remote_at(folder: Path, branch: str = "ledger") -> Remote:
    return Remote(name="origin", url=str(folder), branch=branch)


def output(folder: Path, run: str, *records: Record) -> Path:
    """What a run left."""
    writer = LedgerWriter(folder / "ledger", run)
    for each in records or (record(key=run, run=run),):
        writer.append(each)
    return folder


def hook(bare: Path, name: str, text: str) -> None:
    """A hook of the repository."""
    path = bare / "hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def published(bare: Path) -> list[str]:
    """The files on the branch."""
    return git(bare, "ls-tree", "-r", "--name-only", "ledger").splitlines()


def test_the_first_publication_makes_the_branch(bare: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    picture, array = keep(mine), keep(mine, b"\x93NUMPY", kind="array", suffix=".npy")
    output(mine, "a", naming(record(), picture, array))
    assert publish(mine, remote_at(bare)) == Publication(segments=1, attempt=1)
    assert published(bare) == ["README.md", f"artifacts/{picture.path}", "ledger/a.jsonl"]
    assert git(bare, "log", "--format=%an %s", "ledger") == "bioimage-harness 1 segment of records"
    assert get(remote_at(bare), tmp_path / "copy")
    assert content(tmp_path / "copy" / "ledger") == content(mine / "ledger")


def test_what_is_published_already_is_not_published_again(bare: Path, tmp_path: Path) -> None:
    mine = output(tmp_path / "mine", "a")
    publish(mine, remote_at(bare))
    assert publish(mine, remote_at(bare)) == Publication(segments=0, attempt=0)
    same = output(tmp_path / "same", "other-name", record(key="a", run="a"))
    assert publish(same, remote_at(bare)) == Publication(segments=0, attempt=0)
    assert git(bare, "rev-list", "--count", "ledger") == "1"


def test_a_publisher_has_all_that_is_published(bare: Path, tmp_path: Path) -> None:
    publish(output(tmp_path / "mine", "a"), remote_at(bare))
    yours = output(tmp_path / "yours", "b")
    assert publish(yours, remote_at(bare)).segments == 1
    assert [each.key for each in read_records(yours / "ledger")] == ["a", "b"]


def test_a_segment_may_grow_but_never_change(bare: Path, tmp_path: Path) -> None:
    mine = output(tmp_path / "mine", "a")
    publish(mine, remote_at(bare))
    output(mine, "a", record(key="later"))
    assert publish(mine, remote_at(bare)).segments == 1
    grown = git(bare, "show", "ledger:ledger/a.jsonl")
    other = output(tmp_path / "other", "a", record(key="something else"))
    before = git(bare, "rev-parse", "ledger")
    with pytest.raises(ConfigurationError, match=r"a\.jsonl: something else is published under this name"):
        publish(other, remote_at(bare))
    assert git(bare, "rev-parse", "ledger") == before
    shorter = output(tmp_path / "shorter", "a")
    assert publish(shorter, remote_at(bare)) == Publication(segments=0, attempt=0)
    assert git(bare, "show", "ledger:ledger/a.jsonl") == grown
    assert len(list(read_records(shorter / "ledger"))) == 2


def test_somebody_who_pushes_first_loses_nothing(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(output(tmp_path / "first", "a"), remote_at(bare))
    real, faster = files.add, iter([tmp_path / "b", tmp_path / "c"])

    def add(source: Path, target: Path) -> int:
        added = real(source, target)
        if (folder := next(faster, None)) is not None:  # between our fetch and our push
            publish(output(folder, folder.name), remote_at(bare))
        return added

    monkeypatch.setattr(branch, "add", add)
    pauses: list[float] = []
    mine = output(tmp_path / "mine", "d")
    found = publish(mine, remote_at(bare), sleep=pauses.append)
    assert found.attempt > 1
    assert len(pauses) >= 1
    assert {each.key for each in read_records(mine / "ledger")} == {"a", "b", "c", "d"}
    assert len(git(bare, "rev-list", "--first-parent", "ledger").splitlines()) == 4


def test_a_push_that_the_repository_finds_too_late_is_tried_again(bare: Path, tmp_path: Path) -> None:
    publish(output(tmp_path / "first", "a"), remote_at(bare))
    publish(output(tmp_path / "second", "b"), remote_at(bare))
    newest = git(bare, "rev-parse", "ledger")
    git(bare, "update-ref", "refs/heads/ledger", f"{newest}~1")
    # While our objects are on their way, the branch moves on.
    hook(bare, "update", f"test -e moved && exit 0; touch moved; git update-ref refs/heads/ledger {newest}")
    mine = output(tmp_path / "mine", "c")
    assert publish(mine, remote_at(bare), sleep=lambda _seconds: None) == Publication(segments=1, attempt=2)
    assert [name for name in published(bare) if name.endswith(".jsonl")] == [
        f"ledger/{name}.jsonl" for name in "abc"
    ]


def test_many_publishers_at_once(bare: Path, tmp_path: Path) -> None:
    folders = [output(tmp_path / f"p{number}", f"run-{number}") for number in range(4)]
    with ThreadPoolExecutor(len(folders)) as pool:
        list(pool.map(lambda folder: publish(folder, remote_at(bare)), folders))
    get(remote_at(bare), tmp_path / "copy")
    assert {each.key for each in read_records(tmp_path / "copy" / "ledger")} == {
        f"run-{number}" for number in range(4)
    }
    assert git(bare, "rev-list", "--count", "ledger") == "4"


def test_who_is_always_too_late_gives_up(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, numbers = files.add, iter(range(100))

    def add(source: Path, target: Path) -> int:
        tree = git(bare, "write-tree")
        commit = git(bare, "commit-tree", tree, "-m", str(next(numbers)))
        added = real(source, target)
        git(bare, "update-ref", "refs/heads/ledger", commit)
        return added

    monkeypatch.setattr(branch, "add", add)
    monkeypatch.setattr(branch, "_ATTEMPTS", 3)
    mine = output(tmp_path / "mine", "a")
    with pytest.raises(RemoteError, match="somebody else pushed first, 3 times; publish again later"):
        publish(mine, remote_at(bare), sleep=lambda _seconds: None)
    assert [each.key for each in read_records(mine / "ledger")] == ["a"]


def test_surveys_are_published_where_they_tell_something(bare: Path, tmp_path: Path) -> None:
    def seen(folder: Path, when: str, *sources: str) -> None:
        survey = Survey(collection="zoo", at=when, sources=sources, keys=())
        jsonio.write(folder / "ledger" / "surveys" / f"{folder.name}.json", survey)

    mine = output(tmp_path / "mine", "a", record(collection="zoo"))
    seen(mine, at(1), "m")
    publish(mine, remote_at(bare))
    assert not any("surveys" in name for name in published(bare))
    later = tmp_path / "later"
    (later / "ledger").mkdir(parents=True)
    seen(later, at(2), "another")
    publish(later, remote_at(bare))
    assert "ledger/surveys/later.json" in published(bare)
    assert current(read_records(later / "ledger"), read_surveys(later / "ledger")) == []


@pytest.fixture
def checkout(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose origin is the repository; commands run in it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", str(bare))
    monkeypatch.chdir(folder)
    return folder


def test_commands(bare: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["github", "published", "--output", "copy"]) == 0
    assert capsys.readouterr().out == "origin, branch ledger: nothing is published yet\n"
    assert (checkout / "copy" / "ledger").is_dir()
    output(checkout / "reports", "a")
    assert run_command_line(["github", "publish"]) == 0
    assert run_command_line(["github", "publish"]) == 0
    assert run_command_line(["github", "published", "--output", "copy"]) == 0
    assert capsys.readouterr().out == (
        "origin, branch ledger: 1 new segment published\n"
        "origin, branch ledger: nothing is new\n"
        "origin, branch ledger: in copy\n"
    )
    assert (checkout / "copy" / "ledger" / "a.jsonl").is_file()
    assert run_command_line(["github", "publish", "--remote", str(bare), "--branch", "other"]) == 0
    assert git(bare, "branch", "--list").split() == ["ledger", "other"]
    assert git(checkout, "status", "--porcelain") == "?? copy/\n?? reports/"


def test_a_branch_that_is_protected(bare: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output(checkout / "reports", "a")
    hook(bare, "pre-receive", 'printf "error: \\033[31mGH006: Protected branch\\n" >&2; exit 1')
    assert run_command_line(["github", "publish"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.startswith("harness: origin, branch ledger: the repository does not take it: ")
    assert "GH006: Protected branch; let this user or workflow push to the branch" in said
    assert "\x1b" not in said
    assert [each.key for each in read_records(checkout / "reports" / "ledger")] == ["a"]


@pytest.mark.parametrize("command", ["publish", "published"])
def test_a_remote_that_is_broken(command: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output(checkout / "reports", "a")
    git(checkout, "remote", "set-url", "origin", "https://somebody:secret@localhost:1/none.git")
    assert run_command_line(["github", command]) == ExitCode.NO_VERDICT
    said = capsys.readouterr().err
    assert said.startswith("harness: origin, branch ledger: cannot be reached: ")
    assert said.endswith("try again later\n")
    assert "secret" not in said


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--remote", "upstream"], "this checkout has no such remote"),
        (["--remote", "--upload-pack=evil"], ""),
        (["--branch", "a..b"], "is no name of a branch"),
    ],
)
def test_wrong_usage(
    options: list[str], what: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output(checkout / "reports", "a")
    try:
        code = run_command_line(["github", "publish", *options])
    except SystemExit as ended:  # of the parser
        code = int(str(ended.code))
    assert code == ExitCode.USAGE
    assert what in capsys.readouterr().err


def test_without_a_ledger(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["github", "publish"]) == ExitCode.USAGE
    assert "reports/ledger: there is no ledger" in capsys.readouterr().err


def test_a_branch_with_something_else_on_it_is_added_to(bare: Path, tmp_path: Path) -> None:
    mine = output(tmp_path / "mine", "a")
    publish(mine, remote_at(bare))
    git(tmp_path, "clone", "--quiet", "--branch", "ledger", str(bare), "edit")
    (tmp_path / "edit" / ".gitattributes").write_text("*.jsonl text eol=crlf\n")
    (tmp_path / "edit" / ".gitignore").write_text("*\n")
    git(tmp_path / "edit", "add", "--force", ".")
    git(tmp_path / "edit", "commit", "--quiet", "-m", "edit")
    git(tmp_path / "edit", "push", "--quiet")
    publish(output(tmp_path / "more", "b", record(key="b", message="a\r\nb")), remote_at(bare))
    get(remote_at(bare), tmp_path / "copy")
    assert content(tmp_path / "copy" / "ledger") == content(tmp_path / "more" / "ledger")
    assert content(tmp_path / "copy" / "ledger")["a.jsonl"] == content(mine / "ledger")["a.jsonl"]


def test_the_token_is_for_its_server_alone(checkout: Path) -> None:
    environ = {"GITHUB_TOKEN": "t0ken", "GITHUB_SERVER_URL": "https://github.example"}
    git(checkout, "remote", "set-url", "origin", "https://github.example/o/r")
    remote = find_remote(checkout, "origin", "ledger", environ)
    assert remote.variables["GIT_CONFIG_KEY_0"] == "http.https://github.example/.extraHeader"
    assert "t0ken" not in str(remote.variables)
    for url in ("https://github.example.evil/o/r", "https://elsewhere/o/r", "git@github.example:o/r"):
        git(checkout, "remote", "set-url", "origin", url)
        assert find_remote(checkout, "origin", "ledger", environ).variables == {}


def test_nothing_of_the_users_configuration_decides(bare: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {home}\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
        "[status]\n\tshowUntrackedFiles = no\n[push]\n\tgpgSign = true\n"
    )
    hook_file = home / "pre-commit"
    hook_file.write_text(f"#!/bin/sh\ntouch {home}/ran\n")
    hook_file.chmod(0o755)
    output(tmp_path / "mine", "a", record(message="x"))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "harness", "github", "publish"),
            *("--output", str(tmp_path / "mine"), "--remote", str(bare)),
        ],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "GIT_DIR": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (home / "ran").exists()
    assert git(bare, "cat-file", "blob", "ledger:ledger/a.jsonl").count("\r") == 0


def test_records_are_the_same_on_both_sides(bare: Path, tmp_path: Path) -> None:
    told = [record(key=str(number), message="é\n\ttab") for number in range(50)]
    publish(output(tmp_path / "mine", "a", *told), remote_at(bare))
    get(remote_at(bare), tmp_path / "copy")
    assert list(read_records(tmp_path / "copy" / "ledger")) == told
