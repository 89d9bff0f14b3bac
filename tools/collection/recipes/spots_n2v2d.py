"""spots-n2v2d: Noise2Void, trained and exported by CAREamics itself; run it in the environment ``careamics``.

The package is what ``CAREamist.export_to_bmz`` writes, so that CAREamics is tested on what its users publish.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.worker.runners.torch_framework import import_torchvision
from tools.collection import samples, scores
from tools.collection.about import AUTHORS
from tools.collection.files import sha256

PHOTONS = (10.0, 40.0)
"""Mean photon count of the brightest spots."""
NAME = "Spot denoising Noise2Void 2D"
SUMMARY = "Removes photon and read noise from dim 2D images of spots."
DATA = """480 synthetic images of 64 by 64 pixels (0.125 micrometers each), all of them noisy: Gaussian spots
with a standard deviation of 1.3 pixels on an uneven background, 10 to 40 photons in the brightest, 4 counts
for each photon on an offset of 100 counts, with photon noise and read noise."""
_BUILD = re.compile(r"(?<=[0-9])\+(cpu|cu[0-9]+)\b")
"""What tells builds of torch apart: nobody else's index has that of the machine that made the package."""


def noisy(rng: np.random.Generator, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A noisy image and the clean one, both (size, size) in camera counts."""
    image, clean, _ = samples.spots_example(rng, size, photons=PHOTONS)
    return image.astype(np.float32), clean


def build(folder: Path) -> None:
    """Makes the package in an empty folder."""
    import_torchvision()
    from careamics import CAREamist
    from careamics.config import create_advanced_n2v_config

    torch.set_num_threads(1)
    rng = np.random.default_rng(23)
    images = np.stack([noisy(rng, 64)[0] for _ in range(480)])
    configuration = create_advanced_n2v_config(
        experiment_name="spots-n2v2d",
        data_type="array",
        axes="SYX",
        patch_size=[64, 64],
        batch_size=16,
        num_epochs=12,
        model_params={"depth": 2, "num_channels_init": 8},
        trainer_params={"accelerator": "cpu"},
        checkpoint_params={"save_last": True},
        num_workers=0,
        seed=23,
    )
    with TemporaryDirectory() as scratch:
        careamist = CAREamist(configuration, work_dir=scratch, enable_progress_bar=False)
        careamist.train(train_data=images)
        archive = Path(scratch) / "export.zip"
        careamist.export_to_bmz(
            path_to_archive=archive,
            friendly_model_name=NAME,
            input_array=noisy(np.random.default_rng(2023), 96)[0][None],
            authors=AUTHORS,
            general_description=f"{SUMMARY} {score(careamist)}",
            data_description=DATA,
        )
        with zipfile.ZipFile(archive) as package:
            package.extractall(folder)
    name_no_build(folder)


def score(careamist: Any) -> str:
    """The statement on 30 held-out images."""
    rng = np.random.default_rng(1023)
    found: list[tuple[float, float]] = []
    for _ in range(30):
        image, clean = noisy(rng, 96)
        ((answer,), _) = careamist.predict(image[None])
        found.append((scores.psnr(image, clean), scores.psnr(answer[0], clean)))
    before, after = np.mean(found, axis=0)
    rises = f"rises from {before:.1f} to {after:.1f} dB"
    return f"On 30 held-out synthetic images the peak signal to noise ratio {rises}."


def name_no_build(folder: Path) -> None:
    """Takes the labels of torch's build out of the versions that the package asks for."""
    environment, description = folder / "environment.yml", folder / "rdf.yaml"
    stated = sha256(environment)
    environment.write_text(_BUILD.sub("", environment.read_text("utf-8")) + "\n", "utf-8")
    text = _BUILD.sub("", description.read_text("utf-8"))
    description.write_text(text.replace(stated, sha256(environment)), "utf-8")
