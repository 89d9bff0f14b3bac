"""Nothing gets out of a cell that was forked out of a warm process, and the probe would see it."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.execute.isolate import requirements
from harness.execute.isolate.container import Container
from harness.execute.isolate.environment import environment_mounts
from harness.execute.isolate.level import Confinement, Mount
from tests.conftest import needs_level
from tests.execute.isolate import containers
from tests.execute.isolate.users import run_as
from tests.execute.isolate.warm_probe import probe_forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

FOUND: dict[str, Callable[[], Confinement]] = {
    "sandbox": requirements.sandbox,
    "container": containers.confinement,
}
LEVELS = list(FOUND)


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_gets_out_of_a_forked_cell(level: str, tmp_path: Path) -> None:
    needs_level(level)
    assert probe_forked(FOUND[level](), tmp_path) == {}


@pytest.mark.parametrize("who", ["root", "ordinary"])
@pytest.mark.parametrize("level", LEVELS)
def test_whoever_runs_the_harness(who: str, level: str) -> None:
    needs_level(level)
    done = run_as(who, ["-m", "tests.execute.isolate.warm_probe", level], docker=level == "container")
    assert done.stdout, done.stderr
    assert json.loads(done.stdout) == {}


def changed(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Another text in a file of the worker."""

    def change(worker: Path) -> None:
        text = (worker / file).read_text("utf-8")
        assert old in text
        (worker / file).write_text(text.replace(old, new), "utf-8")

    return change


NO_FILTER = changed("namespaces.py", "if seccomp:", "if False:")
NO_LIMIT = changed("namespaces.py", "RLIMIT_NPROC, (processes, processes)", "RLIMIT_CORE, (0, 0)")
KEEPS_RIGHTS = changed("forkserver.py", "namespaces.give_up_privileges(", "print(")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("weaken", "names"),
    [
        (NO_FILTER, {"user-namespace"}),
        (NO_LIMIT, {"fork-bomb"}),
        (KEEPS_RIGHTS, {"rights", "mount", "user-namespace", "fork-bomb"}),
    ],
    ids=["no filter", "no limit", "keeps rights"],
)
def test_a_cell_that_confines_itself_badly_is_found_out(
    weaken: Callable[[Path], None], names: set[str], level: str, tmp_path: Path
) -> None:
    needs_level(level)
    assert set(probe_forked(FOUND[level](), tmp_path, weaken=weaken)) >= names


@pytest.mark.parametrize("level", LEVELS)
def test_what_should_not_be_shown_is_found_out(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_level(level)
    machine = tmp_path / "machine"
    shown = [Mount(source=machine, target="/machine")]
    for name in ("tmp", "dev/shm"):
        (machine / name).mkdir(parents=True)
        shown.append(Mount(source=Path("/", name), target=f"/machine/{name}"))
    monkeypatch.setattr(
        "harness.execute.workers.environment_mounts", lambda python: (*environment_mounts(python), *shown)
    )
    (tmp_path / "run").mkdir()
    found = probe_forked(FOUND[level](), tmp_path / "run")
    assert set(found) >= {"temporary-folder", "shared-memory"}


class Unfiltered(Container):
    """Its engine filters nothing."""

    def allowing_namespaces(self, folder: Path) -> tuple[str, ...]:
        options = super().allowing_namespaces(folder)
        return tuple("seccomp=unconfined" if option.startswith("seccomp=") else option for option in options)


def test_what_the_engine_does_not_filter_the_cell_does_and_the_other_way_round(tmp_path: Path) -> None:
    for name in ("strict", "none"):
        (tmp_path / name).mkdir()
    unfiltered = copy.copy(containers.confinement())
    unfiltered.__class__ = Unfiltered
    assert probe_forked(unfiltered, tmp_path / "strict") == {}
    found = probe_forked(unfiltered, tmp_path / "none", weaken=NO_FILTER)
    assert set(found) >= {"user-namespace", "keyring", "ptrace", "other-sockets"}
