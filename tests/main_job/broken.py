"""Make models that misbehave out of a good one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from harness.collection.files import file_sha256


def copy_model(original: Path, folder: Path, name: str) -> Path:
    """A copy of a model folder under another id."""
    model = folder / name
    shutil.copytree(original, model)
    description = model / "rdf.yaml"
    text, count = re.subn(rf"(?m)^id: {original.name}$", f"id: {name}", description.read_text("utf-8"))
    assert count == 1
    description.write_text(text, "utf-8")
    return model


def update_sha256(model: Path, file: str) -> None:
    """State the sha256 that a changed file now has."""
    description = model / "rdf.yaml"
    pattern = rf"(source: {re.escape(file)}\n\s+sha256: )\w+"
    text, count = re.subn(pattern, rf"\g<1>{file_sha256(model / file)}", description.read_text("utf-8"))
    assert count == 1, f"{file} is named once"
    description.write_text(text, "utf-8")


def with_code(original: Path, folder: Path, name: str, code: str) -> Path:
    """A copy of ``nuclei-unet2d`` whose architecture file ends with ``code`` (``UNet2d`` is the network)."""
    model = copy_model(original, folder, name)
    source = model / "unet2d.py"
    source.write_text(f"{source.read_text('utf-8')}\n\n{code}\n", "utf-8")
    update_sha256(model, "unet2d.py")
    return model
