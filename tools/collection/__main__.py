"""Rebuilds sample models: ``python -m tools.collection nuclei-unet2d``."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Protocol, cast

from tools.collection.files import write_archive

RECIPES = {
    "nuclei-unet2d": "nuclei_unet2d",
    "membrane-unet2d": "membrane_unet2d",
    "nuclei-unet3d": "nuclei_unet3d",
    "nuclei-labels2d": "nuclei_labels2d",
    "cells-two-channel": "cells_two_channel",
    "spots-denoise2d": "spots_denoise2d",
    "membrane-keras2d": "membrane_keras2d",
    "spots-heatmap2d": "spots_heatmap2d",
    "foci-binary2d": "foci_binary2d",
    "nuclei-stardist2d": "nuclei_stardist2d",
    "nuclei-cellpose2d": "nuclei_cellpose2d",
    "spots-n2v2d": "spots_n2v2d",
}
"""Modules of ``tools.collection.recipes`` by model; imported one at a time: torch and TensorFlow are slow."""

ARCHIVED = {"foci-binary2d", "nuclei-stardist2d", "nuclei-cellpose2d"}
"""Models that are kept as a zip package instead of a folder."""


class Recipe(Protocol):
    """What a module of ``tools.collection.recipes`` offers."""

    def build(self, folder: Path) -> None:
        """Makes the package in an empty folder."""


def rebuild(name: str, collection: Path) -> Path:
    """Makes the package anew and replaces the one in the collection; returns its path."""
    recipe = cast(Recipe, import_module(f"tools.collection.recipes.{RECIPES[name]}"))
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        recipe.build(folder)
        if name in ARCHIVED:
            archive = collection / f"{name}.zip"
            write_archive(folder, archive)
            return archive
        target = collection / name
        rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in sorted(folder.iterdir()):
            if path.is_file():
                (target / path.name).write_bytes(path.read_bytes())
        return target


def main() -> None:
    """Reads the command line and rebuilds the models that it names."""
    parser = argparse.ArgumentParser(prog="python -m tools.collection", description=__doc__)
    parser.add_argument("model", nargs="+", choices=sorted(RECIPES), help="models to make")
    parser.add_argument("--collection", type=Path, default=Path("collection"), help="folder of the models")
    arguments = parser.parse_args()
    for name in arguments.model:
        print(rebuild(name, arguments.collection))


if __name__ == "__main__":
    main()
