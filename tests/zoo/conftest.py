"""The zoo, run once for real; the tests look at what it left."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.ledger.record import Record
from harness.paths import cache_folder
from tests.conftest import needs_level
from tests.environments.conftest import Index
from tests.main_job.conftest import Run, harness, run_harness
from tests.zoo.case import Case
from tests.zoo.cases import CASES, OF_WORKERS, build_all
from tests.zoo.faults import Bench

POLICY = Path(__file__).with_name("policy.toml")


class ZooRun(NamedTuple):
    """A finished run, in folders of its own.

    Attributes:
        models: the collection.
        before: every file of it with its content's size and time of change, as of before the run.
        private: the folders that were TMPDIR and HOME.
        level: of isolation; "auto" if none was asked for.
        cases: what was run.
    """

    run: Run
    models: Path
    before: dict[str, tuple[int, int]]
    private: tuple[Path, ...]
    level: str
    cases: tuple[Case, ...] = ()

    def expected(self, case: Case) -> Case:
        """The case as it must come out at this level."""
        harmless = case.prevented and self.level in ("sandbox", "container")
        return case._replace(reason=None, says=()) if harmless else case

    def records_of(self, case: Case) -> list[Record]:
        """What was recorded of a case."""
        return [
            record
            for record in self.run.records
            if record.model.id == case.name and case.weights in (None, record.weights_format)
        ]

    def record_of(self, case: Case) -> Record:
        """The record of a case."""
        (record,) = self.records_of(case)
        return record


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, links included, by which a change of it would be seen."""
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def run_zoo(models: Path, folder: Path, *options: str) -> ZooRun:
    """``harness run`` on a folder of models, with nothing in TMPDIR and HOME."""
    private = (folder / "tmp", folder / "home")
    for path in private:
        path.mkdir()
    before = listing(models)
    variables = {"TMPDIR": str(private[0]), "HOME": str(private[1]), "HARNESS_CACHE_DIR": str(cache_folder())}
    run = run_harness(models, folder / "out", *options, **variables)
    level = options[options.index("--isolation") + 1] if "--isolation" in options else "auto"
    return ZooRun(run, models, before, private, level)


@pytest.fixture(scope="session")
def environments() -> None:
    """What the zoo's models run in is there: building it writes below HOME."""
    done = harness("env", "build", "onnx", "pytorch")
    assert done.returncode == 0, done.stdout + done.stderr


class Mode(NamedTuple):
    """A way to run the zoo, and what is run so."""

    options: tuple[str, ...]
    cases: tuple[Case, ...]


MODES = {
    "sandbox": Mode(("--isolation", "sandbox"), CASES),
    "process": Mode(("--isolation", "process"), OF_WORKERS),
    "process-fresh": Mode(("--isolation", "process", "--no-fork"), OF_WORKERS),
    "container": Mode(("--isolation", "container"), OF_WORKERS),
    "container-each": Mode(("--isolation", "container", "--no-fork"), OF_WORKERS),
}


def in_modes(cases: tuple[Case, ...]) -> pytest.MarkDecorator:
    """Give a test each of the cases, after ``zoo_run``, in all modes in which it is run."""
    return pytest.mark.parametrize(
        ("zoo_run", "case"),
        [
            pytest.param(name, case, id=f"{name}-{case.label}")
            for name, mode in MODES.items()
            for case in mode.cases
            if case in cases
        ],
        indirect=["zoo_run"],
    )


@pytest.fixture(scope="session")
def zoo_runs(environments: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ZooRun]:
    """Runs the zoo in a mode, once; three models at a time, since some only wait."""

    @functools.cache
    def in_mode(name: str) -> ZooRun:
        needs_level(MODES[name].options[1])
        folder = tmp_path_factory.mktemp("zoo")
        models = folder / "models"
        models.mkdir()
        build_all(MODES[name].cases, models)
        options = (*MODES[name].options, "--policy", str(POLICY), "--jobs", "3")
        return run_zoo(models, folder, *options)._replace(cases=MODES[name].cases)

    return in_mode


@pytest.fixture(params=MODES)
def zoo_run(request: pytest.FixtureRequest, zoo_runs: Callable[[str], ZooRun]) -> ZooRun:
    """The run of the zoo in a mode."""
    return zoo_runs(request.param)


@pytest.fixture
def bench(environments: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Folders of the test's own, and an index that is the only one."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    index = Index(tmp_path / "index")
    index.add("tiny", "1.0")
    made = Bench(
        tmp_path,
        index,
        {
            "PIP_CONFIG_FILE": os.devnull,
            "UV_DEFAULT_INDEX": index.url,
            "UV_CACHE_DIR": str(tmp_path / "uv"),
            "HARNESS_CACHE_DIR": str(cache_folder()),
            "TMPDIR": str(tmp_path / "tmp"),
        },
    )
    made.models.mkdir()
    made.scratch.mkdir()
    return made
