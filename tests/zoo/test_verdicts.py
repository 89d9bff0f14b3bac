"""Every model of the zoo gets the verdict that it must get, and harms nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zoo.asserting import assert_verdict
from tests.zoo.case import Case
from tests.zoo.cases import CASES, OURS, REAL
from tests.zoo.conftest import ZooRun, in_modes, listing

pytestmark = pytest.mark.slow

BY_NAME = {case.name: case for case in CASES}


@in_modes(OURS)
def test_verdict(zoo_run: ZooRun, case: Case) -> None:
    assert_verdict(zoo_run.record_of(case), zoo_run.expected(case))


@in_modes(REAL)
def test_verdict_on_a_real_network(zoo_run: ZooRun, case: Case, real_models: Path) -> None:
    assert_verdict(zoo_run.record_of(case), zoo_run.expected(case))


def test_every_model_has_its_record_and_no_other_is_there(zoo_run: ZooRun) -> None:
    assert zoo_run.run.code == 1, zoo_run.run.stdout + zoo_run.run.stderr
    built = {path.stem for path in zoo_run.models.iterdir()}
    recorded = [record.model.id for record in zoo_run.run.records]
    assert sorted(recorded) == sorted(built)


def test_no_process_is_left(zoo_run: ZooRun) -> None:
    traces = (bytes(zoo_run.models), *map(bytes, zoo_run.private))
    assert [process for process in Path("/proc").glob("[0-9]*") if _bears(process, traces)] == []


def _bears(process: Path, traces: tuple[bytes, ...]) -> bool:
    """Whether a process names one of the zoo's folders in its command line or environment, or is in one."""
    try:
        text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        where = bytes((process / "cwd").readlink())
    except OSError:
        return False
    return any(trace in text or where.startswith(trace) for trace in traces)


def test_no_file_is_left_and_no_model_is_touched(zoo_run: ZooRun) -> None:
    for folder in zoo_run.private:
        assert list(folder.iterdir()) == []
    assert listing(zoo_run.models) == zoo_run.before
    folder = zoo_run.models.parent
    assert {path.name for path in folder.iterdir()} == {"models", "out", *(p.name for p in zoo_run.private)}


def test_the_traceback_is_in_the_log_and_its_words_are_on_the_page(zoo_run: ZooRun) -> None:
    record = zoo_run.record_of(BY_NAME["raises"])
    (log,) = [artifact for artifact in record.artifacts if artifact.kind == "log"]
    text = (zoo_run.run.output / "artifacts" / log.path).read_text("utf-8")
    assert "in forward" in text
    assert 'raise RuntimeError("no mitochondria here")' in text
    page = (zoo_run.run.output / "site" / "models" / "raises@1.0.0.html").read_text("utf-8")
    assert "no mitochondria here" in page
    assert record.hint.split("`")[0][:40] in page


def test_a_long_log_is_kept_with_its_first_and_last_part(zoo_run: ZooRun) -> None:
    record = zoo_run.record_of(BY_NAME["raises"])
    (log,) = [artifact for artifact in record.artifacts if artifact.kind == "log"]
    text = (zoo_run.run.output / "artifacts" / log.path).read_text("utf-8")
    assert len(text) < 600_000
    assert "bytes left out" in text
    assert log.bytes == (zoo_run.run.output / "artifacts" / log.path).stat().st_size
