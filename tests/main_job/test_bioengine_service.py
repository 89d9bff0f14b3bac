"""A BioEngine-like service outside of every sandbox, called by URL and token, through the whole main job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cell import Backend, Depth, WeightsFormat
from harness.environments import store
from harness.environments.spec import load
from harness.ledger.record import Record
from harness.verdict import Blame, Reason, Status
from tests.conftest import ROOT

from .conftest import Run, harness, run_harness

pytestmark = pytest.mark.slow

MODEL = "foci-binary2d"


class Service(NamedTuple):
    """A service that runs: the folder that HARNESS_BIOENGINE names, and the models that it has."""

    folder: Path
    models: Path
    token: str
    process: subprocess.Popen[str]

    def stated(self, **changed: str) -> Service:
        """The same with another ``command.toml``, or another ``token``."""
        place = {**json.loads((self.folder / "place.json").read_text("utf-8")), **changed}
        folder = self.folder.parent / "-".join(("changed", *changed))
        folder.mkdir()
        _write(folder, place)
        return self._replace(folder=folder)


def _write(folder: Path, place: dict[str, str]) -> None:
    (folder / "place.json").write_text(json.dumps(place), "utf-8")
    stated = "".join(f'{name} = "{place[name]}"\n' for name in ("url", "id", "workspace"))
    (folder / "command.toml").write_text(f'version = "0.6"\n\n[service]\n{stated}', "utf-8")
    (folder / "token").write_text(place["token"] + "\n", "utf-8")
    (folder / "token").chmod(0o600)


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the environment that has Hypha and the reference runtime."""
    return store.ensure(load(ROOT / "environments" / "bioengine"), Backend.VENV, on_progress=print).python


@contextmanager
def _serving(python: Path, folder: Path, *options: str) -> Iterator[Service]:
    """Have a service with the one model, and end it."""
    models = folder / "published"
    with zipfile.ZipFile(ROOT / "collection" / f"{MODEL}.zip") as package:
        package.extractall(models / MODEL)
    process = subprocess.Popen(
        [python, "-m", "tests.main_job.bioengine_server", models, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HYPHA_LOGLEVEL": "ERROR"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout
        place = json.loads(process.stdout.readline())
        stated = folder / "stated"
        stated.mkdir()
        _write(stated, {**place, "id": "model-runner"})
        try:
            yield Service(stated, models, place["token"], process)
        finally:
            process.communicate("end\n", timeout=60)


@pytest.fixture(scope="module")
def service(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests that leave it as it is."""
    with _serving(python, tmp_path_factory.mktemp("service")) as found:
        yield found


def _run(service: Service, output: Path, *options: str, collection: Path | None = None) -> Run:
    """A run that tells nobody the token, whatever came of it."""
    chosen = ("--select", MODEL) if collection is None else ()
    run = run_harness(
        collection or ROOT / "collection",
        output,
        *(*chosen, "--consumer", "bioengine-service", *(options or ("--isolation", "process"))),
        HARNESS_BIOENGINE=str(service.folder),
    )
    written = [path for path in output.rglob("*") if path.is_file()]
    assert len(written) > 5, run.stderr
    token = json.loads((service.folder / "place.json").read_text("utf-8"))["token"].encode()
    assert [path for path in written if token in path.read_bytes()] == []
    assert token.decode() not in run.stdout + run.stderr
    return run


def _unusable(run: Run) -> str:
    """Why every cell is without a verdict, which is held against the tool."""
    assert run.records
    for record in run.records:
        assert (record.status, record.reason) == (Status.INCONCLUSIVE, Reason.TOOL_UNUSABLE.slug)
        assert record.blame is Blame.TOOL
    return run.records[0].message


def _of_format(run: Run) -> dict[WeightsFormat | None, Record]:
    return {record.cell.weights_format: record for record in run.records}


def test_a_model_that_the_service_has_passes(service: Service, tmp_path: Path) -> None:
    run = _run(service, tmp_path / "out")
    assert run.code == 0, run.stdout + run.stderr
    assert set(_of_format(run)) == {WeightsFormat.ONNX, WeightsFormat.TORCHSCRIPT}
    for record in run.records:
        assert (record.status, record.depth) == (Status.PASSED, Depth.TOOL), record.message
        assert record.consumer.version == "0.6"


def test_who_is_not_let_in_is_told_so(service: Service, tmp_path: Path) -> None:
    forged = service.token[:-8] + "AAAAAAAA"
    message = _unusable(_run(service.stated(token=forged), tmp_path / "out"))
    assert "cannot be reached: ConnectionAbortedError: Authentication error" in message


def test_a_service_that_is_not_there(service: Service, tmp_path: Path) -> None:
    message = _unusable(_run(service.stated(id="model-walker"), tmp_path / "out"))
    assert "model-walker at http://127.0.0.1:" in message
    assert "Service not found" in message


def test_a_sandbox_says_what_to_do(service: Service, tmp_path: Path) -> None:
    if harness("doctor", "--isolation", "sandbox").returncode:
        pytest.skip("needs a sandbox that holds (harness doctor)")
    message = _unusable(_run(service, tmp_path / "out", "--isolation", "sandbox"))
    assert "there is no network here" in message
    assert "--isolation process" in message


def test_what_the_service_does_not_have_is_not_applicable(service: Service, tmp_path: Path) -> None:
    other = tmp_path / "models" / "unheard-of"
    shutil.copytree(service.models / MODEL, other)
    text = (other / "rdf.yaml").read_text("utf-8")
    (other / "rdf.yaml").write_text(text.replace(f"id: {MODEL}", "id: unheard-of"), "utf-8")
    run = _run(service, tmp_path / "out", collection=tmp_path / "models")
    assert run.code == 0
    for record in run.records:
        assert (record.status, record.reason) == (Status.NOT_APPLICABLE, Reason.REFUSED_BY_TOOL.slug)
        assert "does not have the model unheard-of: KeyError: 'the artifact unheard-of does not exist'" in (
            record.message
        )


def test_other_weights_under_the_same_id_are_not_judged(python: Path, tmp_path: Path) -> None:
    with _serving(python, tmp_path) as service:
        path = service.models / MODEL / "rdf.yaml"
        text = path.read_text("utf-8")
        entry = text.index("onnx:")
        digest = text.index("sha256: ", entry) + len("sha256: ")
        path.write_text(text[:digest] + "f" * 64 + text[digest + 64 :], "utf-8")
        found = _of_format(_run(service, tmp_path / "out"))
    assert found[WeightsFormat.ONNX].status is Status.NOT_APPLICABLE
    assert f"has other onnx weights of the model {MODEL}" in found[WeightsFormat.ONNX].message
    assert found[WeightsFormat.TORCHSCRIPT].status is Status.PASSED


def test_what_goes_wrong_in_the_service_is_told_in_its_words(python: Path, tmp_path: Path) -> None:
    """Without a call for descriptions, nothing is believed to be not applicable."""
    with _serving(python, tmp_path, "--api", "bare") as service:
        (service.models / MODEL).rename(service.models / "another")
        run = _run(service, tmp_path / "out")
    for record in run.records:
        assert (record.status, record.reason) == (Status.FAILED, Reason.EXCEPTION.slug)
        assert record.blame is Blame.TOOL
        assert record.message.startswith(f"RemoteError: KeyError: 'the artifact {MODEL} does not exist'")


@pytest.mark.parametrize(
    ("api", "words"),
    [
        ("renamed", "has no call infer; its API has changed"),
        ("changed", "infer() got an unexpected keyword argument 'model_id'"),
    ],
)
def test_a_service_with_another_api_is_no_models_fault(
    api: str, words: str, python: Path, tmp_path: Path
) -> None:
    with _serving(python, tmp_path, "--api", api) as service:
        assert words in _unusable(_run(service, tmp_path / "out"))


def test_a_server_that_goes_away_is_no_models_fault(python: Path, tmp_path: Path) -> None:
    """First in the middle of a call, then before any."""
    with _serving(python, tmp_path) as service:
        model = tmp_path / "models" / "ends"
        shutil.copytree(service.models / MODEL, model)
        text = (model / "rdf.yaml").read_text("utf-8")
        (model / "rdf.yaml").write_text(text.replace(f"id: {MODEL}", "id: ends"), "utf-8")
        shutil.copytree(model, service.models / "ends")
        options = ("--isolation", "process", "--weights", "onnx")
        message = _unusable(_run(service, tmp_path / "first", *options, collection=tmp_path / "models"))
        assert "stopped answering" in message
        message = _unusable(_run(service, tmp_path / "then"))
        assert "cannot be reached: ConnectionRefusedError" in message


def test_without_the_setting_nothing_is_planned(tmp_path: Path) -> None:
    run = run_harness(ROOT / "collection", tmp_path, "--consumer", "bioengine-service", "--select", MODEL)
    assert run.records == []
    plan = (run.output / "plan.json").read_text("utf-8")
    assert "no environment has bioengine-service; HARNESS_BIOENGINE is not set" in plan
