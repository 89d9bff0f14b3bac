"""Ends with exit code 0 if PyTorch computes, MONAI imports, and the reference runtime is there."""

import bioimageio.core
import monai
import torch

kernel = torch.ones(1, 1, 3, 3)
image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
result = torch.nn.functional.conv2d(image, kernel)
expected = torch.tensor([[[[45.0, 54.0], [81.0, 90.0]]]])
if not torch.equal(result, expected):
    raise SystemExit(f"PyTorch computes a wrong convolution: {result}")

scripted = torch.jit.script(torch.nn.ReLU())
if not torch.equal(scripted(-expected), torch.zeros_like(expected)):
    raise SystemExit("TorchScript computes a wrong ReLU")

print(  # noqa: T201
    f"torch {torch.__version__}, monai {monai.__version__}, bioimageio.core {bioimageio.core.__version__}"
)
