"""Ends with exit code 0 if PyTorch is a CUDA build that computes, and MONAI and the runtime are there.

No GPU is needed: whether one works with this build is tried before the first cell that runs on it.
"""

import bioimageio.core
import monai
import torch

if torch.version.cuda is None:
    raise SystemExit(f"torch {torch.__version__} is a build for the CPU")

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
    f"torch {torch.__version__} with CUDA {torch.version.cuda}, monai {monai.__version__}, "
    f"bioimageio.core {bioimageio.core.__version__}"
)
