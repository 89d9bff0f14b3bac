"""Lay out what a worker may see: its code, the description, one weights entry's files. No test outputs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import harness.worker
from harness.cell import WeightsFormat
from harness.collection.description_yaml import Dumper, read_description
from harness.collection.model import Model
from harness.collection.named_files import NamedFile

WORKER_PACKAGE = "harness_worker"


def stage_worker(folder: Path) -> Path:
    """Copy the worker's code to ``folder``, to be imported from there as ``harness_worker``."""
    source = Path(harness.worker.__file__).parent
    shutil.copytree(source, folder / WORKER_PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


class Staged(NamedTuple):
    """Where a model was laid out: its description, and the weights' own file."""

    description: Path
    weights: Path


def stage_model(model: Model, weights_format: WeightsFormat, folder: Path) -> Staged:
    """Copy the description and the files of these weights to ``folder``.

    The staged description has no other weights: bioimageio.core 0.11 opens ``keras_v3`` wherever a model has
    it, also when it is asked for ``keras_hdf5``. Files of the web are staged under their own names in one
    folder, since weights may refer to each other by name (ONNX's external data).
    """
    folder.mkdir(parents=True)
    renamed: dict[str, str] = {}
    for number, file in enumerate(model.description.files_for(weights_format)):
        name = f"remote/{_last_part(file)}" if file.remote else file.source
        if name in renamed.values() and file.source not in renamed:
            name = f"remote/{number}/{_last_part(file)}"
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model.paths[file.source], target)
        if file.remote:
            renamed[file.source] = name
    content = read_description(model.description_path, shown=model.ref.source)
    entry = content["weights"][weights_format.value]
    content["weights"] = {weights_format.value: {k: v for k, v in entry.items() if k != "parent"}}
    source = entry["source"]
    description = folder / model.description_path.name
    text = yaml.dump(_replaced(content, renamed), Dumper=Dumper, allow_unicode=True, sort_keys=False)
    description.write_text(text, encoding="utf-8")
    return Staged(description, folder / renamed.get(source, source))


def _last_part(file: NamedFile) -> str:
    return file.source.partition("?")[0].rstrip("/").rpartition("/")[2] or "file"


def _replaced(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, renamed) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, renamed) for item in value]
    return renamed.get(value, value) if isinstance(value, str) else value
