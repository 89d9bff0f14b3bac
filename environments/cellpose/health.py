"""Ends with exit code 0 if a network of Cellpose answers in the size of the image."""

from importlib.metadata import version

import torch
from cellpose.resnet_torch import CPnetBioImageIO

with torch.no_grad():
    flow, style, *levels = CPnetBioImageIO([2, 4, 8], 3, 3).eval()(torch.ones(1, 2, 16, 16))
if flow.shape != (1, 3, 16, 16) or abs(float((style**2).sum()) - 1) > 1e-4 or len(levels) != 2:
    raise SystemExit(f"Cellpose's network answers with {tuple(flow.shape)}, {style} and {len(levels)} levels")

print(f"cellpose {version('cellpose')}, torch {torch.__version__}")  # noqa: T201
