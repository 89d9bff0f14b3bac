"""Conda environments made for real, from a channel in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.cell import Backend
from harness.cli import run_command_line
from harness.environments import integrity, store
from harness.environments.built import BuiltEnvironment
from harness.environments.conda import explicit, locks
from harness.environments.conda.explicit import LockedPackage
from harness.environments.known import Known
from harness.environments.replay import replay
from harness.environments.spec import EnvironmentSpec
from harness.verdict import Reason

from ..conftest import Index
from .asking import ensure, inside, refused
from .channel import PLACEHOLDER, LocalChannel
from .conftest import CondaMaker

TOOL = {"bin/tool": f"#!{PLACEHOLDER}/bin/python\nprint('tool in {PLACEHOLDER}')\n".encode()}
PURE = {
    "site-packages/pure.py": b"value = 7\n",
    "site-packages/pure-2.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Pure\nVersion: 2.0\n",
}


def _installed(built: BuiltEnvironment) -> tuple[LockedPackage, ...]:
    lock = built.prefix / "conda-meta" / "explicit.lock"
    return explicit.parse(lock.read_text("utf-8"), origin=str(lock))


def test_conda_packages_and_wheels(
    python: LocalChannel, index: Index, make_conda: CondaMaker, tmp_path: Path
) -> None:
    python.add("library", "1.3", {"lib/library.txt": b"hello"})
    python.add("tool", "1.0", TOOL, depends=["library >=1", "python"])
    python.add("pure", "2.0", PURE, depends=["python >=3.8"], noarch=True)
    health = "import pure, tiny\nprint(pure.value, tiny.version)\n"
    made = make_conda(dependencies=["tool", "pure>=1"], pins="tiny==1.0\n", health=health)
    told: list[str] = []
    built = ensure(made, told)
    steps = ["solving for conda-forge", "installing 1 packages", "health check"]
    assert told[1:4] == [f"small: {step}" for step in steps]
    version = built.python_version
    assert version.startswith("3.11.")
    others = {"library": "1.3", "Pure": "2.0", "tiny": "1.0", "tool": "1.0"}
    assert built.packages == {**others, "python": version}  # and no pip: uv installed the wheels
    assert list(built.packages) == ["library", "Pure", "python", "tiny", "tool"]
    assert built.log.read_text("utf-8").endswith("7 1.0\n")

    site = built.prefix / "lib" / "python3.11" / "site-packages"
    where = "import sys, sysconfig; print(sys.prefix, sysconfig.get_path('purelib'))"
    assert inside(built, built.python, "-c", where, cwd=tmp_path) == f"{built.prefix} {site}"
    # Paths are written into the packages, and everything is compiled: nothing writes there any more.
    assert inside(built, built.prefix / "bin" / "tool", cwd=tmp_path) == f"tool in {built.prefix}"
    assert {"pure", "tiny"} <= {path.name.split(".")[0] for path in site.glob("__pycache__/*.pyc")}
    assert integrity.damage(built) == ""


def test_without_wheels(python: LocalChannel, make_conda: CondaMaker) -> None:
    python.add("pure", "2.0", PURE, noarch=True)
    made = make_conda(dependencies=["pure"], health="import pure\n")
    told: list[str] = []
    built = ensure(made, told)
    assert built.packages == {"Pure": "2.0", "python": built.python_version}
    assert told[2] == "small: health check"
    assert list(built.prefix.glob("lib/python3.11/site-packages/__pycache__/pure.*.pyc"))
    assert not ensure(made).fresh


def test_files_are_linked_from_the_cache_and_the_next_build_is_of_the_same_files(
    python: LocalChannel, make_conda: CondaMaker, cache: Path
) -> None:
    first = ensure(make_conda("first"))
    second = ensure(make_conda("second"))
    assert first.python.samefile(second.python)
    assert first.python.samefile(next((cache / "conda" / "pkgs").glob("python-*/bin/python")))


def test_made_again_of_the_same_files_it_is_not_checked_again(
    python: LocalChannel, index: Index, make_conda: CondaMaker
) -> None:
    python.add("tool", "1.0", TOOL)
    made = make_conda(dependencies=["tool"], pins="tiny==1.0\n")
    first: list[str] = []
    again: list[str] = []
    store.wipe(ensure(made, first).prefix.parent)
    assert ensure(made, again).fresh
    assert "small: health check" in first
    assert "small: health check" not in again


def test_the_first_build_decides_for_all_later_ones(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python.add("library", "1.0")
    made = make_conda(dependencies=["library"])
    first = ensure(made)
    locked = _installed(first)
    python.add("library", "2.0")
    store.discard(first)
    told: list[str] = []
    again = ensure(made, told)
    assert again.fresh
    assert told[1] == "small: installing 2 conda packages"
    assert again.packages == first.packages
    assert _installed(again) == locked

    # Handed over, the lock decides elsewhere, too; without it, somebody else gets something else.
    handed_over = tmp_path / "locks"
    shutil.copytree(locks.kept(made, "linux-64").parent, handed_over)
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("HARNESS_CONDA_LOCKS", str(handed_over))
    assert _installed(ensure(made)) == locked
    store.discard(ensure(made))
    monkeypatch.setenv("HARNESS_CONDA_LOCKS", str(tmp_path / "no-locks"))
    assert ensure(made).packages["library"] == "2.0"


def test_an_environment_that_does_not_work_decides_nothing(
    python: LocalChannel, make_conda: CondaMaker
) -> None:
    made = make_conda(health="raise SystemExit(1)\n")
    assert refused(made).reason is Reason.ENVIRONMENT_UNHEALTHY
    assert not locks.kept(made, "linux-64").exists()


def test_a_lock_beside_the_environment_decides(python: LocalChannel, make_conda: CondaMaker) -> None:
    python.add("library", "1!1.0+b")  # what must be written differently in some addresses
    made = make_conda(dependencies=["library"])
    solved = ensure(made)
    locks.write(made.conda_lock("linux-64"), _installed(solved), spec=made, platform="linux-64")
    python.add("library", "2.0")
    assert made.ref(Backend.CONDA) != solved.ref
    built = ensure(made)
    assert built.fresh
    assert built.packages == solved.packages
    assert not locks.kept(made, "linux-64").exists()


def test_the_first_channel_that_has_a_package_is_its_only_source(
    python: LocalChannel, make_conda: CondaMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LocalChannel(tmp_path / "channels" / "other")
    python.add("library", "1.0")
    other.add("library", "2.0")
    other.add("extra", "3.0")
    address = {"conda-forge": python.address, "other": other.address}
    monkeypatch.setenv("HARNESS_CONDA_CHANNELS", " ".join(f"{name}={url}" for name, url in address.items()))

    def build(name: str, channels: list[str], *dependencies: str) -> tuple[dict[str, str], set[str]]:
        made = make_conda(name, channels=channels, dependencies=dependencies)
        built = ensure(made)
        return built.packages, {package.channel for package in _installed(built)}

    packages, channels = build("one", ["conda-forge", "other", "nodefaults"], "library", "extra")
    assert (packages["library"], packages["extra"]) == ("1.0", "3.0")
    assert channels == {"conda-forge", "other"}
    assert build("two", ["other", "conda-forge"], "library")[0]["library"] == "2.0"
    assert build("three", ["conda-forge", "other"], "other::library")[0]["library"] == "2.0"
    # A channel may be an address or a folder itself: then that is what the lock holds.
    packages, channels = build("four", [str(other.folder), python.address], "library")
    assert packages["library"] == "2.0"
    assert channels == {str(other.folder), python.address}
    refusal = refused(make_conda("five", channels=["conda-forge", "other"], dependencies=["library>=2"]))
    assert refusal.reason is Reason.ENVIRONMENT_UNSATISFIABLE


def test_what_the_machine_has_is_asked(
    python: LocalChannel, make_conda: CondaMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    python.add("needs-gpu", "1.0", depends=["__cuda >=12"])
    python.add("needs-linux", "1.0", depends=["__linux", "__glibc >=2.17"])
    assert ensure(make_conda("linux", dependencies=["needs-linux"])).fresh
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "")
    refusal = refused(make_conda("gpu", dependencies=["needs-gpu"]))
    assert refusal.reason is Reason.ENVIRONMENT_UNSATISFIABLE
    assert "__cuda" in refusal.message
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.6")
    assert ensure(make_conda("gpu", dependencies=["needs-gpu"])).fresh


def test_link_scripts_of_packages_do_not_run(
    python: LocalChannel, make_conda: CondaMaker, tmp_path: Path
) -> None:
    script = f"#!/bin/sh\ntouch {tmp_path}/ran\n".encode()
    python.add("scripted", "1.0", {"bin/.scripted-post-link.sh": script})
    built = ensure(make_conda(dependencies=["scripted"]))
    assert (built.prefix / "bin" / ".scripted-post-link.sh").exists()
    assert not (tmp_path / "ran").exists()


def test_damage_is_found_and_repaired(python: LocalChannel, make_conda: CondaMaker, cache: Path) -> None:
    python.add("library", "1.3", {"lib/library.txt": b"hello", "lib/other.txt": b"hello"})
    python.add("tool", "1.0", TOOL)
    made: EnvironmentSpec = make_conda(dependencies=["library", "tool"])
    built = ensure(made)
    (built.prefix / "bin" / "tool").write_text("any size: paths were written into it", "utf-8")
    assert integrity.damage(built) == ""
    # The file is a link into the cache of packages: what changes one, changes the other.
    (built.prefix / "lib" / "library.txt").write_text("hello, hello", "utf-8")
    assert integrity.damage(built) == "lib/library.txt has 12 bytes, was installed with 5"
    store.discard(built)
    again = ensure(made)
    assert again.fresh
    assert (again.prefix / "lib" / "library.txt").read_bytes() == b"hello"
    assert integrity.damage(again) == ""
    (again.prefix / "lib" / "other.txt").unlink()
    assert integrity.damage(again).startswith("lib/other.txt is missing")
    next(again.prefix.glob("conda-meta/tool-*.json")).unlink()
    assert integrity.damage(again) == "package tool is missing"
    next(again.prefix.glob("conda-meta/python-*.json")).write_text("{", "utf-8")
    assert integrity.damage(again).startswith("conda-meta cannot be read")


def test_what_no_folder_asks_for_is_pruned(
    python: LocalChannel, make_conda: CondaMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_conda()
    old = ensure(made)
    python.add("library", "1.0")
    new = ensure(make_conda(dependencies=["library"]))
    make_conda("not-for-conda").environment_yml.unlink()
    assert run_command_line(["env", "prune", "--environments", str(made.folder.parent)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"small: removed {old.prefix.parent} (no folder asks for it)\n1 removed, ")
    assert not old.prefix.exists()
    assert new.python.exists()


def test_a_recorded_virtual_environment_is_made_again_by_conda(
    python: LocalChannel, index: Index, make_conda: CondaMaker, tmp_path: Path
) -> None:
    made = make_conda(pins="tiny==1.0\n")
    recipe = made.recipe(Backend.VENV)
    known = Known(ref=made.ref(Backend.VENV), recipe=recipe)
    with replay(known, Backend.CONDA, tmp_path / "nothing-stored") as again:
        built = store.ensure(again.spec, Backend.CONDA, on_progress=print)
    assert built.ref.backend is Backend.CONDA
    assert built.packages["tiny"] == "1.0"
