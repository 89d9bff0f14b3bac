"""What has passed its health check is not asked again, and whatever differs is (uv for real)."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from harness.cell import Backend
from harness.environments import fingerprint, store
from harness.environments.built import BuiltEnvironment
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.verdict import Reason

from .conftest import Index, Maker


class Checked:
    """An environment whose health check counts how often it was run."""

    def __init__(self, make: Maker, folder: Path) -> None:
        self._count = folder / "count"
        script = f"import tiny\nwith open({str(self._count)!r}, 'a') as stream:\n    stream.write('+')\n"
        self.spec = make(health=f"{script}assert tiny.version == '1.0'\n")

    @property
    def checks(self) -> int:
        """How often it was checked."""
        return len(self._count.read_text("utf-8")) if self._count.exists() else 0

    def build(self, spec: EnvironmentSpec | None = None) -> BuiltEnvironment:
        """Make it anew, out of what is cached."""
        store.wipe(store.entry_folder(self.spec.ref(Backend.VENV)))
        built = store.ensure(spec or self.spec, Backend.VENV, on_progress=lambda _: None)
        assert built.fresh
        return built


@pytest.fixture
def checked(index: Index, make: Maker, tmp_path: Path) -> Checked:
    """Built once."""
    made = Checked(make, tmp_path)
    made.build()
    assert made.checks == 1
    return made


def site_of(built: BuiltEnvironment) -> Path:
    """Where its packages are."""
    return next(built.prefix.glob("lib/python3*/site-packages"))


def test_the_same_is_not_checked_again(checked: Checked) -> None:
    for _ in range(2):
        built = checked.build()
        assert built.log.read_text("utf-8").splitlines()[-1] == (
            "healthy: the same files have passed the health check on this machine before"
        )
    assert checked.checks == 1


def test_another_script_is_run(checked: Checked) -> None:
    checked.spec.health.write_text("raise SystemExit('unwell')\n", "utf-8")
    with pytest.raises(EnvironmentBuildError, match="unwell") as caught:
        checked.build()
    assert caught.value.reason is Reason.ENVIRONMENT_UNHEALTHY
    assert store.find(checked.spec, Backend.VENV) is None


def test_other_variables_and_other_machines_are_checked(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked.build(msgspec.structs.replace(checked.spec, variables={"TINY": "1"}))
    assert checked.checks == 2
    checked.build()
    monkeypatch.setattr(fingerprint, "machine", lambda: ("another",))
    checked.build()
    assert checked.checks == 3


def test_a_file_that_changed_in_the_cache_is_found(checked: Checked) -> None:
    """As somebody does who edits an installed package: the file is the cache's own, and the next one's."""
    source = site_of(checked.build()) / "tiny.py"
    assert source.stat().st_nlink > 1
    source.write_text("version = '1.1'\n", "utf-8")
    with pytest.raises(EnvironmentBuildError) as caught:
        checked.build()
    assert caught.value.reason is Reason.ENVIRONMENT_UNHEALTHY
    assert checked.checks == 2


def test_a_file_that_no_package_has_brought_is_found(checked: Checked) -> None:
    built = checked.build()
    before = fingerprint.of(checked.spec, built.prefix, built.python, image=None)
    (site_of(built) / "sitecustomize.py").touch()
    assert fingerprint.of(checked.spec, built.prefix, built.python, image=None) != before


def test_what_fails_is_not_remembered(index: Index, make: Maker, tmp_path: Path) -> None:
    marker = tmp_path / "well"
    made = make(health=f"import os\nassert os.path.exists({str(marker)!r})\n")
    for _ in range(2):
        with pytest.raises(EnvironmentBuildError):
            store.ensure(made, Backend.VENV, on_progress=lambda _: None)
    marker.touch()
    assert store.ensure(made, Backend.VENV, on_progress=lambda _: None).fresh


def test_what_was_found_damaged_is_checked(checked: Checked) -> None:
    store.discard(checked.build())
    checked.build()
    assert checked.checks == 2


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 2}'])
def test_a_proof_that_cannot_be_read_is_none(checked: Checked, text: str) -> None:
    entry = store.entry_folder(checked.spec.ref(Backend.VENV))
    (entry.parent / "proven" / f"{entry.name}.json").write_text(text, "utf-8")
    checked.build()
    assert checked.checks == 2


def test_copies_are_read(checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be links, by their contents, unless that would take as long as the check."""
    monkeypatch.setenv("UV_LINK_MODE", "copy")
    checked.build()
    built = checked.build()
    assert checked.checks == 2
    assert (site_of(built) / "tiny.py").stat().st_nlink == 1
    monkeypatch.setattr(fingerprint, "_MOST_READ", 10)
    checked.build()
    assert checked.checks == 3


def test_two_folders_with_the_same_files(tmp_path: Path, make: Maker) -> None:
    """A file that names its own folder is the same one in the next; one that says something else is not."""
    made = make()
    found = []
    for name, text in (("a", "in a"), ("b", "in b"), ("c", "else")):
        prefix = tmp_path / name
        (prefix / "bin").mkdir(parents=True)
        (prefix / "bin" / "python").symlink_to(shutil.which("python3") or "python3")
        (prefix / "script").write_text(f"#!{prefix}/bin/python\n{text.replace(name, '')}", "utf-8")
        (prefix / "link").symlink_to(prefix / "script")
        found.append(fingerprint.of(made, prefix, prefix / "bin" / "python", image=None))
    assert found[0] == found[1] != found[2]
    (tmp_path / "a" / "script").chmod(0o755)
    assert fingerprint.of(made, tmp_path / "a", tmp_path / "a/bin/python", image=None) != found[0]
