"""``harness env``, on small environments made by uv from an index in a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from harness import network
from harness.cell import Backend, EnvironmentRef
from harness.cli import run_command_line
from harness.environments import backend as backends
from harness.environments import recipe as recipes
from harness.environments import store, venv
from harness.environments.spec import EnvironmentSpec
from harness.errors import ExitCode
from harness.ledger.record import HarnessRef, Machine, Record
from tests.cli.planned import outcome_of, write_ledger
from tests.environments.conftest import TOML, Index, Maker
from tests.environments.test_leases import end, hold_elsewhere


class Bench:
    """Folders of environments, a ledger, and the command line."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.make = Maker(folder / "environments")
        self.output = folder / "reports"
        self._capsys = capsys

    def record(self, made: EnvironmentSpec, *models: str) -> EnvironmentRef:
        """The ledger of a run of these models, with what they ran in."""
        ref = made.ref(Backend.VENV)
        for recipe in backends.recipes_of(made).values():
            recipes.keep(self.output / "ledger" / recipes.FOLDER, recipe)
        write_ledger(self.output, *(_ran_in(model, ref) for model in models))
        return ref

    def env(self, *arguments: str | Path, code: ExitCode = ExitCode.SATISFIED) -> tuple[str, str]:
        """``harness env``: what it printed, and what it told people."""
        action, *rest = map(str, arguments)
        options = ["--environments", str(self.make.folder)]
        if action not in ("lock", "prune"):
            options += ["--output", str(self.output)]
        self._capsys.readouterr()
        assert run_command_line(["env", action, *options, *rest]) == code
        captured = self._capsys.readouterr()
        return captured.out, captured.err


def _ran_in(model: str, ref: EnvironmentRef) -> Record:
    return msgspec.structs.replace(
        outcome_of(model),
        environment=ref,
        harness=HarnessRef(version="1", commit="c" * 40),
        platform="Plan9 mips",
        machine=Machine(python="3.11.0"),
    )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    """With ``tiny`` 1.0 and 2.0 in the only index."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    index = Index(tmp_path / "index")
    index.add("tiny", "1.0")
    index.add("tiny", "2.0")
    variables = {
        "PIP_CONFIG_FILE": os.devnull,
        "UV_DEFAULT_INDEX": index.url,
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "HARNESS_CACHE_DIR": str(tmp_path / "cache"),
        network.VARIABLE: "0",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Bench(tmp_path, capsys)


def test_list(bench: Bench) -> None:
    made = bench.make()
    out, _ = bench.env("list")
    heading, line = out.splitlines()
    assert heading.split()[-6:] == ["consumers", "digest", "built", "used", "last", "cells"]
    assert line.split()[-4:] == [made.digest(Backend.VENV)[:12], "no", "–", "0"]
    bench.record(made, "m", "n")
    bench.env("build", "small")
    out, _ = bench.env("list", "small")
    assert " yes, " in out
    assert out.splitlines()[1].endswith(" UTC  2")


def test_show(bench: Bench) -> None:
    former = bench.make(lock="tiny==2.0\n")
    write_ledger(bench.output, _ran_in("old", former.ref(Backend.VENV)))
    made = bench.make()
    out, _ = bench.env("show", "small")
    assert "not built; `harness env build small --backend venv`" in out
    assert "packages   1, as locked\n    tiny==1.0\n" in out
    bench.record(made, "b", "a")
    bench.env("build", "small")
    out, _ = bench.env("show")
    lines = {line.split()[0]: line.strip() for line in out.splitlines()}
    assert lines["venv"].split() == ["venv", made.digest(Backend.VENV)]
    assert lines["weights"].split() == ["weights", "onnx"]
    assert lines["consumers"].split() == ["consumers", "bioimageio.core"]
    entry = store.entry_folder(made.ref(Backend.VENV))
    assert lines["built"].endswith(f"MB of them its own): {entry}")
    assert lines["used"] == (
        f"used by    2 current cells of {bench.output}, of 2 models: a, b; 1 ran in former versions of it"
    )
    assert "packages   1, as installed\n    tiny==1.0\n" in out


def test_diff(bench: Bench) -> None:
    one = bench.make("one", toml=TOML + '[variables]\nA = "1"\n')
    two = bench.make("two", lock="tiny==2.0\n")
    bench.record(one, "m")
    out, _ = bench.env("diff", "one", two.digest(Backend.VENV)[:6], code=ExitCode.FAILED)
    digests = [made.digest(Backend.VENV)[:12] for made in (one, two)]
    titles = f"one {digests[0]}", f"two {digests[1]}"
    _, *changes, summary = out.splitlines()
    assert [line.split() for line in changes] == [
        ["removed", "variable", "A", "1", "–"],
        ["changed", "tiny", "1.0", "2.0"],
    ]
    assert summary == f"{titles[0]} → {titles[1]}: 1 removed, 1 changed"
    shutil.rmtree(one.folder)  # what was recorded is still known
    out, _ = bench.env("diff", digests[0], "two", code=ExitCode.FAILED)
    assert out.splitlines()[-1] == summary
    out, _ = bench.env("diff", "two", digests[1])
    assert out == f"{titles[1]} → {titles[1]}: no difference\n"
    _, err = bench.env("diff", "two", "three", code=ExitCode.USAGE)
    assert "no environment 'three'; there are: two" in err


def test_lock_says_what_became_of_it(bench: Bench) -> None:
    made = bench.make(requirements="tiny<2\n")
    out, err = bench.env("lock")
    assert "small: wrote" in err
    assert "lock  these files  other files of the same versions" in out, "the hashes are new"
    made.requirements.write_text("tiny\n", "utf-8")
    out, _ = bench.env("lock")
    assert out == "small → now: no difference\n"
    out, _ = bench.env("lock", "--upgrade")
    assert [line.split() for line in out.splitlines()] == [
        ["what", "small", "now"],
        ["changed", "tiny", "1.0", "2.0"],
        ["small", "→", "now:", "1", "changed"],
    ]
    made.lock.unlink()
    assert bench.env("lock")[0] == ""
    bench.make(requirements="tiny>7\n")
    assert "tiny" in bench.env("lock", code=ExitCode.FAILED)[1]


def test_build_by_digest(bench: Bench) -> None:
    ref = bench.record(bench.make(), "m")
    moved_on = bench.make(lock="tiny==2.0\n")
    out, err = bench.env("build", "--digest", ref.digest[:10])
    assert out.startswith(f"small: {store.entry_folder(ref)}/prefix-")
    assert f"small: digest {ref.digest[:12]}, from its stored recipe" in err
    assert "note: the record's Python was 3.11.0, this one is 3." in err
    assert "note: the record was made on Plan9 mips, this is " in err
    assert "tiny-1.0.dist-info" in {path.name for path in store.entry_folder(ref).rglob("*.dist-info")}
    assert store.find(moved_on, Backend.VENV) is None
    _, err = bench.env("build", "--digest", moved_on.digest(Backend.VENV))
    assert f"as {moved_on.folder} asks for" in err
    assert "note" not in err


def test_build_by_digest_and_another_back_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(**{**vars(venv), "name": Backend.CONDA})
    monkeypatch.setattr(backends, "BACKENDS", {Backend.VENV: venv, Backend.CONDA: other})
    made = bench.make()
    (made.folder / "environment.yml").write_text("name: small\n", "utf-8")
    theirs = made.ref(Backend.CONDA)
    ref = bench.record(made, "m")
    bench.make(lock="tiny==2.0\n")
    out, err = bench.env("build", "--digest", ref.digest, "--backend", "conda")
    assert f"small: the same source by conda has digest {theirs.digest[:12]}" in err
    assert out.startswith(f"small: {store.entry_folder(theirs)}/prefix-")


def test_build_by_a_digest_that_cannot_be(bench: Bench) -> None:
    ref = bench.record(bench.make(), "m")
    bench.make(lock="tiny==2.0\n")
    _, err = bench.env("build", "small", "--digest", ref.digest, code=ExitCode.USAGE)
    assert "--digest names the environment already; leave out small" in err
    path = bench.output / "ledger" / recipes.FOLDER / f"{ref.digest}.json"
    path.write_text(path.read_text("utf-8").replace("tiny==1.0", "tiny==2.0"), "utf-8")
    _, err = bench.env("build", "--digest", ref.digest, code=ExitCode.USAGE)
    assert f"{path}: was changed after it was stored" in err
    path.unlink()
    _, err = bench.env("build", "--digest", ref.digest, code=ExitCode.USAGE)
    assert "was not stored with its records" in err
    assert "commit cccccccccccc" in err
    assert len(err.splitlines()) == 1


def test_build_offline(bench: Bench, tmp_path: Path) -> None:
    bench.make(lock="tiny==7.0\n")
    _, err = bench.env("build", "--offline", code=ExitCode.NO_VERDICT)  # a file:// index is no network
    assert "there is no version of tiny==7.0" in err
    assert network.offline()
    assert os.environ[network.VARIABLE] == "1"


def test_prune(bench: Bench) -> None:
    made = bench.make()
    bench.env("build")
    old = store.entry_folder(made.ref(Backend.VENV))
    bench.make(lock="tiny==2.0\n")
    bench.env("build")
    out, _ = bench.env("prune", "--dry-run")
    first, last = out.splitlines()
    assert first == f"small: would remove {old} (no folder asks for it)"
    assert last.startswith("1 to remove, the disk would get back ")
    assert old.exists()
    run = hold_elsewhere(old)
    out, _ = bench.env("prune")
    assert out == f"small: kept {old}: it is in use\n0 removed, the disk got back 0 MB\n"
    end(run)
    out, _ = bench.env("prune")
    assert out.startswith(f"small: removed {old} (no folder asks for it)\n1 removed, the disk got back ")
    assert not old.exists()
    assert bench.env("prune", "--older-than", "1", "--max-size", "1")[0].startswith("0 removed")
    assert bench.env("prune", "--max-size", "0")[0].startswith("small: removed")


@pytest.mark.parametrize(
    ("option", "value"), [("--older-than", "soon"), ("--older-than", "-1"), ("--max-size", "nan")]
)
def test_limits_that_are_none(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run_command_line(["env", "prune", option, value])
    assert f"argument {option}: {value!r} is no number of 0 or more" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["list", "show", "diff", "lock", "build", "prune"])
def test_every_action_has_help_with_an_example(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        run_command_line(["env", action, "--help"])
    assert exited.value.code == 0
    assert f"example:\n  harness env {action}" in capsys.readouterr().out


def test_tracebacks_of_an_action(bench: Bench) -> None:
    with pytest.raises(Exception, match="no environment 'nowhere'"):
        run_command_line(["env", "show", "nowhere", "--debug"])
