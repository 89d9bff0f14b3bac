"""A folder is read strictly, and the digest follows exactly what decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import Backend, WeightsFormat
from harness.environments import spec
from harness.errors import ConfigurationError, UsageError

from .conftest import PYTHON, TOML, Maker


def test_reads_all_fields(make: Maker) -> None:
    made = make(toml=TOML + 'torch_backend = "cpu"\n[variables]\nKERAS_BACKEND = "torch"\n')
    assert made.name == "small"
    assert made.python == PYTHON
    assert made.weights_formats == (WeightsFormat.ONNX,)
    assert made.consumers == ("bioimageio.core",)
    assert made.variables == {"KERAS_BACKEND": "torch"}
    assert made.torch_backend == "cpu"


def test_refuses_a_name_that_is_no_name(make: Maker) -> None:
    with pytest.raises(ConfigurationError, match="lower-case"):
        make("Two Words")


@pytest.mark.parametrize("name", ["requirements.in", "health.py"])
def test_refuses_a_folder_that_lacks_a_file(make: Maker, name: str) -> None:
    made = make()
    (made.folder / name).unlink()
    with pytest.raises(ConfigurationError, match=f"{name}: missing"):
        spec.load(made.folder)


def test_load_all_sorts_and_choose_lists_the_known_ones(make: Maker) -> None:
    make("zwei")
    make("eins")
    specs = spec.load_all(make.folder)
    assert list(specs) == ["eins", "zwei"]
    assert spec.choose(specs, "eins") is specs["eins"]
    with pytest.raises(UsageError, match="'drei'; there are: eins, zwei"):
        spec.choose(specs, "drei")


def test_no_environment_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no environment here"):
        spec.load_all(tmp_path)


def test_the_name_of_what_authors_describe_is_taken(make: Maker) -> None:
    with pytest.raises(ConfigurationError, match="as-described is what environments of models' authors are"):
        make("as-described-mine")


def test_a_missing_lock_says_how_to_make_it(make: Maker) -> None:
    made = make()
    made.lock.unlink()
    with pytest.raises(ConfigurationError, match="harness env lock small"):
        made.ref(Backend.VENV)


def test_ref(make: Maker) -> None:
    made = make()
    ref = made.ref(Backend.VENV)
    assert (ref.name, ref.backend, ref.digest) == ("small", Backend.VENV, made.digest(Backend.VENV))
    assert len(ref.digest) == 64


def test_digest_changes_with_what_decides(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = TOML + 'torch_backend = "cpu"\n'
    digests = [make().digest(Backend.VENV)]
    for version in ("1.0", "2.0"):
        make().environment_yml.write_text(f"dependencies: [library={version}]  # any\n", "utf-8")
        digests.append(make().digest(Backend.CONDA))
    digests += [
        make(lock="tiny==2.0\n").digest(Backend.VENV),
        make(lock="tiny==1.0 \\\n    --hash=sha256:00\n").digest(Backend.VENV),
        make(toml=TOML.replace(PYTHON, "3.99")).digest(Backend.VENV),
        make(toml=TOML + '[variables]\nA = "1"\n').digest(Backend.VENV),
        make(toml=torch).digest(Backend.VENV),
    ]
    monkeypatch.setenv(spec.TORCH_BACKEND_VARIABLE, "cu126")
    digests.append(make(toml=torch).digest(Backend.VENV))
    monkeypatch.setattr(spec, "BUILDER_VERSION", 99)
    digests.append(make().digest(Backend.VENV))
    assert len(set(digests)) == len(digests)


def test_digest_does_not_change_with_what_does_not(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = make().digest(Backend.VENV)
    same = [
        make(toml=TOML.replace("A test", "Another")),
        make(toml=TOML.replace('["onnx"]', '["onnx", "keras_v3"]')),
        make(toml=TOML.replace("bioimageio.core", "stardist")),
        make(lock="# made by somebody\ntiny==1.0\n    # via -r requirements.in\n\n"),
        make(requirements="tiny>=1\n"),
    ]
    monkeypatch.setenv(spec.TORCH_BACKEND_VARIABLE, "cu126")  # torch is not in it
    same.append(make())
    assert {made.digest(Backend.VENV) for made in same} == {digest}


def test_an_empty_torch_override_is_the_same_environment(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = TOML + 'torch_backend = "cpu"\n'
    digest = make(toml=toml).digest(Backend.VENV)
    monkeypatch.setenv(spec.TORCH_BACKEND_VARIABLE, "")
    assert make(toml=toml).digest(Backend.VENV) == digest
