"""Ends with exit code 0 if SpotMAX's wrapper and the reference runtime are there, and PyTorch computes."""

from importlib.metadata import version

import bioimageio.core
import torch
from spotmax.BioImageIO.model import Model

if not callable(Model.segment):
    raise SystemExit("SpotMAX's wrapper has no segment")
if torch.ones(2, 2).matmul(torch.ones(2, 2)).sum() != 8:
    raise SystemExit("PyTorch computes a wrong product")

print(  # noqa: T201
    f"spotmax {version('spotmax')}, bioimageio.core {bioimageio.core.__version__}, torch {torch.__version__}"
)
