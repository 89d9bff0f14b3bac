"""The commit of a checkout is read as git tells it, from real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.execute import origin

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def _git(folder: Path, *arguments: str) -> str:
    """Run git there, without anybody's configuration."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables |= {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        variables |= {f"GIT_{role}_NAME": "A. Author", f"GIT_{role}_EMAIL": "author@example.org"}
    ended = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=variables, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


def _commit(folder: Path, message: str) -> str:
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return _git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "--quiet")
    _git(folder, "symbolic-ref", "HEAD", "refs/heads/feature/x")
    return folder


def test_a_branch(repository: Path) -> None:
    assert origin.commit_of(repository) == ""
    first = _commit(repository, "first")
    assert origin.commit_of(repository) == first
    second = _commit(repository, "second")
    assert origin.commit_of(repository) == second
    _git(repository, "checkout", "--quiet", "--detach", first)
    assert origin.commit_of(repository) == first


def test_packed_branches_and_newer_ones(repository: Path) -> None:
    first = _commit(repository, "first")
    _git(repository, "branch", "x")
    _git(repository, "tag", "--annotate", "--message", "one", "v1")
    _git(repository, "pack-refs", "--all")
    assert not (repository / ".git/refs/heads/feature/x").exists()
    assert origin.commit_of(repository) == first
    second = _commit(repository, "second")
    assert origin.commit_of(repository) == second
    _git(repository, "checkout", "--quiet", "x")
    assert origin.commit_of(repository) == first


@pytest.mark.parametrize("packed", [False, True])
def test_a_worktree_has_a_head_of_its_own(repository: Path, tmp_path: Path, packed: bool) -> None:
    first = _commit(repository, "first")
    tree = tmp_path / "tree"
    _git(repository, "worktree", "add", "--quiet", "-b", "other", str(tree))
    second = _commit(tree, "second")
    if packed:
        _git(repository, "pack-refs", "--all")
    assert (tree / ".git").is_file()
    assert (origin.commit_of(repository), origin.commit_of(tree)) == (first, second)
    _git(tree, "checkout", "--quiet", "--detach", first)
    assert origin.commit_of(tree) == first


def test_a_submodule_names_its_folder_relatively(repository: Path, tmp_path: Path) -> None:
    inner = _commit(repository, "inner")
    outer = tmp_path / "outer"
    outer.mkdir()
    _git(outer, "init", "--quiet")
    allowed = ("-c", "protocol.file.allow=always")
    _git(outer, *allowed, "submodule", "--quiet", "add", str(repository), "inner")
    assert (outer / "inner/.git").read_text("utf-8").startswith("gitdir: ../")
    assert origin.commit_of(outer / "inner") == inner


def test_a_branch_that_names_a_branch(repository: Path) -> None:
    commit = _commit(repository, "first")
    _git(repository, "symbolic-ref", "refs/heads/alias", "refs/heads/feature/x")
    (repository / ".git/HEAD").write_text("ref: refs/heads/alias\n", "utf-8")
    assert origin.commit_of(repository) == commit
    (repository / ".git/refs/heads/feature/x").write_text("ref: refs/heads/alias\n", "utf-8")
    assert origin.commit_of(repository) == ""


@pytest.mark.parametrize("head", [b"", b"nonsense", b"\xff\xfe", b"ref: refs/heads/gone", b"ref: \0"])
def test_what_cannot_be_told_is_empty(tmp_path: Path, head: bytes) -> None:
    assert origin.commit_of(tmp_path) == ""
    (tmp_path / ".git").mkdir()
    assert origin.commit_of(tmp_path) == ""
    (tmp_path / ".git/HEAD").write_bytes(head)
    assert origin.commit_of(tmp_path) == ""


def test_a_link_to_nowhere_is_empty(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n", "utf-8")
    assert origin.commit_of(tmp_path) == ""
