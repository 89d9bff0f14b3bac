"""How git is started: nothing of the caller's environment or settings changes what it finds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.git import git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def test_exit_code_and_output(tmp_path: Path) -> None:
    assert git(tmp_path, "init", "--quiet", seconds=60) == (0, b"")
    code, output = git(tmp_path, "rev-parse", "nowhere", seconds=60)
    assert code == 128
    assert b"nowhere" in output


def test_secrets_and_settings_of_the_caller_are_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    alias = f"!{shutil.which('env')}"
    _, output = git(tmp_path, "-c", f"alias.told={alias}", "told", variables={"MINE": "yes"}, seconds=60)
    told = dict(line.split("=", 1) for line in output.decode().splitlines() if "=" in line)
    assert told["MINE"] == "yes"
    assert "GITHUB_TOKEN" not in told
    assert told.get("GIT_DIR") != str(tmp_path / "nowhere")


def test_no_program_of_the_user_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\tfsmonitor = {program}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    git(tmp_path, "init", "--quiet", "here", seconds=60)
    git(tmp_path / "here", "status", seconds=60)
    assert not (tmp_path / "ran").exists()


def test_where_git_cannot_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(UsageError, match="git cannot be started there"):
        git(tmp_path, "status", seconds=60)
