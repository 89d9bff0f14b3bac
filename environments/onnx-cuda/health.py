"""Ends with exit code 0 if ONNX Runtime is a CUDA build that computes, and the reference runtime is there.

No GPU is needed: whether one works with this build is tried before the first cell that runs on it.
"""

import bioimageio.core
import numpy
import onnxruntime

if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
    raise SystemExit(f"onnxruntime {onnxruntime.__version__} is a build for the CPU")

# The model y = Relu(x), x and y float32 of length 3, opset 13: written out byte by byte (protocol buffers),
# so that the environment does not need the onnx package.
TENSOR_OF_3 = "12 0a 0a 08 08 01 12 04 0a 02 08 03"
MODEL = bytes.fromhex(
    "08 08"  # ir_version 8
    "3a 33"  # graph
    "0a 0c 0a 01 78 12 01 79 22 04 52 65 6c 75"  # node: x, y, Relu
    "12 01 67"  # name
    f"5a 0f 0a 01 78 {TENSOR_OF_3}"  # input x
    f"62 0f 0a 01 79 {TENSOR_OF_3}"  # output y
    "42 02 10 0d"  # opset_import 13
)

session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
(result,) = session.run(None, {"x": numpy.array([-1, 0, 2], dtype="float32")})
if result.tolist() != [0.0, 0.0, 2.0]:
    raise SystemExit(f"ONNX Runtime computes a wrong ReLU: {result}")

print(  # noqa: T201
    f"onnxruntime {onnxruntime.__version__}, bioimageio.core {bioimageio.core.__version__}"
)
