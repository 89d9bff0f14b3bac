"""What a worker finds of a model: the description, the files of its weights, and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cell import WeightsFormat
from harness.execute.stage import stage_model
from tests.collection.packages import content, good, write_model

FORMAT = WeightsFormat.TORCHSCRIPT


@pytest.mark.parametrize("source", ["weights.pt", "https://example.org/files/weights.pt?version=2"])
def test_where_the_weights_are(source: str, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    model = good(folder)
    described = content(weights={FORMAT.value: {"source": source, "pytorch_version": "2.1.0"}})
    write_model(folder, described)
    files = tuple(
        msgspec.structs.replace(file, source=source) if file.source == "weights.pt" else file
        for file in model.description.files
    )
    model = msgspec.structs.replace(
        model,
        description=msgspec.structs.replace(model.description, files=files),
        paths={**model.paths, source: folder / "weights.pt"},
    )
    staged = stage_model(model, FORMAT, tmp_path / "staged")
    assert staged.description == tmp_path / "staged" / "rdf.yaml"
    assert staged.weights.read_bytes() == b"weights"
    assert staged.weights.relative_to(tmp_path / "staged").as_posix() in staged.description.read_text("utf-8")
    assert {path.name for path in (tmp_path / "staged").rglob("*") if path.is_file()} == {
        "rdf.yaml",
        "weights.pt",
    }, "no test tensor"
