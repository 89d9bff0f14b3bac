"""Ends with exit code 0 if Hypha's server and client, the reference runtime and its frameworks are there."""

import bioimageio.core
import hypha.core.store
import hypha_rpc
import onnxruntime
import torch

kernel = torch.ones(1, 1, 3, 3)
image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
result = torch.nn.functional.conv2d(image, kernel)
expected = torch.tensor([[[[45.0, 54.0], [81.0, 90.0]]]])
if not torch.equal(result, expected):
    raise SystemExit(f"PyTorch computes a wrong convolution: {result}")

if "CPUExecutionProvider" not in onnxruntime.get_available_providers():
    raise SystemExit("ONNX Runtime has no provider for the CPU")

print(  # noqa: T201
    f"hypha {hypha.__version__}, hypha-rpc {hypha_rpc.__version__}, torch {torch.__version__}, "
    f"onnxruntime {onnxruntime.__version__}, bioimageio.core {bioimageio.core.__version__}"
)
