"""Make packages that misbehave, each in one way, out of the good models of the collection."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import numpy as np
import yaml

from harness.collection.description_yaml import Dumper, read_description
from harness.collection.files import file_sha256

COLLECTION = Path(__file__).parents[2] / "collection"
Build = Callable[[Path], None]
NETWORK = "nuclei-unet2d"


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


@contextmanager
def package(folder: Path, *weights: str, original: Path = COLLECTION / NETWORK) -> Iterator[dict[str, Any]]:
    """A copy of a model that has its new folder's name as its id, and only these weights.

    Files and description (the value) are changed within the block. At its end the description is written,
    with the sha256 that each file then has.
    """
    shutil.copytree(original, folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    description = folder / "rdf.yaml"
    content = read_description(description, shown=description.name)
    content["id"] = folder.name
    content["weights"] = {name: content["weights"][name] for name in weights}
    for entry in content["weights"].values():
        entry.pop("parent", None)
    yield content
    _state_sha256(content, folder)
    write_description(folder, content)


def write_description(folder: Path, content: dict[str, Any]) -> None:
    """Write ``rdf.yaml``."""
    text = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False)
    (folder / "rdf.yaml").write_text(text, "utf-8")


def _state_sha256(value: Any, folder: Path) -> None:
    if isinstance(value, dict):
        if "sha256" in value and (folder / value["source"]).is_file():
            value["sha256"] = file_sha256(folder / value["source"])
        for item in value.values():
            _state_sha256(item, folder)
    elif isinstance(value, list):
        for item in value:
            _state_sha256(item, folder)


def as_it_is(*weights: str, original: str = NETWORK) -> Build:
    """A good model."""

    def build(folder: Path) -> None:
        with package(folder, *weights, original=COLLECTION / original):
            pass

    return build


def with_code(code: str) -> Build:
    """The architecture's file ends with this code, in which ``UNet2d`` is the network."""

    def build(folder: Path) -> None:
        with package(folder, "pytorch_state_dict"):
            add_code(folder, code)

    return build


def add_code(folder: Path, code: str) -> None:
    """Append to the architecture's file; ``@FOLDER@`` in it stands for the model's folder."""
    with (folder / "unet2d.py").open("a", encoding="utf-8") as source:
        source.write(dedent(code).replace("@FOLDER@", str(folder)))


def forward(body: str) -> str:
    """Code that runs ``body`` in place of the network's ``forward``, which is ``_forward`` then.

    The body knows ``self`` and ``image``, which is (batch, 1, height, width); it returns logits, which are
    (batch, 2, height, width).
    """
    body = indent(dedent(body).strip("\n"), "    ")
    head = "def forward(self, image, _forward=UNet2d.forward):"
    return f"\n\n{head}\n{body}\n\n\nUNet2d.forward = forward\n"


def with_file(name: str, change: Callable[[bytes], bytes], *weights: str, original: str = NETWORK) -> Build:
    """One file is changed, and the description states its new sha256."""

    def build(folder: Path) -> None:
        with package(folder, *weights, original=COLLECTION / original):
            edit(folder / name, change)

    return build


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file's bytes."""
    before = path.read_bytes()
    after = change(before)
    assert after != before, f"{path.name} is changed"
    path.write_bytes(after)


def with_expected(change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Build:
    """The declared output (batch, 2, height, width) is changed; ONNX weights, which start fastest."""

    def build(folder: Path) -> None:
        with package(folder, "onnx"):
            edit_array(folder / "test_probability.npy", change)

    return build


def edit_array(path: Path, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    """Change the array in a ``.npy``."""
    before = np.load(path)
    np.save(path, np.ascontiguousarray(change(before.copy())))


def with_content(change: Callable[[dict[str, Any]], object], *weights: str, original: str = NETWORK) -> Build:
    """The description is changed in place."""

    def build(folder: Path) -> None:
        with package(folder, *weights, original=COLLECTION / original) as content:
            change(content)

    return build


def first_half(data: bytes) -> bytes:
    """What is left of a file after an upload was cut short."""
    return data[: len(data) // 2]
