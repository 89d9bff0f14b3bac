"""Ends with exit code 0 if PyTorch computes and BiaPy imports with its check of descriptions."""

import importlib
from importlib.metadata import version

import torch

kernel = torch.ones(1, 1, 3, 3)
image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
result = torch.nn.functional.conv2d(image, kernel)
expected = torch.tensor([[[[45.0, 54.0], [81.0, 90.0]]]])
if not torch.equal(result, expected):
    raise SystemExit(f"PyTorch computes a wrong convolution: {result}")

operators = torch.library.Library("torchvision", "FRAGMENT")
try:
    import torchvision
except RuntimeError:  # built for another torch: it misses operators that nobody here calls, see the runner
    for operator in ("nms", "qnms"):
        operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

models = importlib.import_module("biapy.models")  # not before torchvision can be imported

if not models.check_bmz_model_compatibility({})["error"]:
    raise SystemExit("BiaPy's check takes a model without weights")

print(  # noqa: T201
    f"torch {torch.__version__}, torchvision {torchvision.__version__}, biapy {version('biapy')}"
)
