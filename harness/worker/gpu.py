"""What a cell on a GPU needs beside its runner; of a framework it knows only what the environment holds.

CUDA does not survive a fork, so no process that is forked calls anything here.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
from typing import Any

_PROVIDER = "CUDAExecutionProvider"
# y = Relu(x) for float32 of length 3, opset 13, written out as protocol buffers.
_TENSOR_OF_3 = "12 0a 0a 08 08 01 12 04 0a 02 08 03"
_RELU = bytes.fromhex(
    "08 08 3a 33 0a 0c 0a 01 78 12 01 79 22 04 52 65 6c 75 12 01 67"
    f" 5a 0f 0a 01 78 {_TENSOR_OF_3} 62 0f 0a 01 79 {_TENSOR_OF_3} 42 02 10 0d"
)
_free_before: list[int] = []  # bytes of the GPU, before ONNX Runtime took any


def prepare() -> None:
    """Let frameworks compute the same each time, as precisely as the CPU, and on the GPU or not at all."""
    if _is_there("torch"):
        _prepare_torch()
    if _is_there("onnxruntime"):
        _prepare_onnxruntime()


def check() -> list[str]:
    """Let each framework compute something small on the GPU; the names of those that did.

    Raises:
        RuntimeError: none is a build for the GPU, or one computes something wrong; else whatever the
            framework raises.
    """
    checks = {"torch": _check_torch, "onnxruntime": _check_onnxruntime}
    found = [name for name in checks if _is_there(name)]
    for name in found:
        checks[name]()
    if not found:
        raise RuntimeError("nothing in this environment computes on a GPU")
    return found


def peak_memory_bytes() -> int:
    """The most that the model has had of the GPU's memory so far, without CUDA itself; 0 if nobody tells."""
    if _is_there("torch"):
        import torch

        if torch.cuda.is_initialized():
            return int(torch.cuda.max_memory_reserved())
    if _free_before:  # its arena gives nothing back
        return max(0, _free_before[0] - _free_bytes())
    return 0


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _prepare_torch() -> None:
    """Without ``torch.use_deterministic_algorithms``, which imports torch's compiler for nothing."""
    import torch

    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    with contextlib.suppress(AttributeError, TypeError):
        torch._C._set_deterministic_algorithms(True, warn_only=True)
    torch.cuda.manual_seed_all(0)  # it waits until CUDA is used


def _check_torch() -> None:
    import torch

    if torch.version.cuda is None:
        raise RuntimeError("torch {} is a build for the CPU".format(torch.__version__))
    kernel = torch.ones(1, 1, 3, 3, device="cuda")
    image = torch.arange(16, dtype=torch.float32, device="cuda").reshape(1, 1, 4, 4)
    found = torch.nn.functional.conv2d(image, kernel).cpu().flatten().tolist()
    if found != [45.0, 54.0, 81.0, 90.0]:
        raise RuntimeError("torch computes a wrong convolution on the GPU: {}".format(found))
    product = (torch.full((64, 64), 2.0, device="cuda") @ torch.full((64, 64), 3.0, device="cuda")).cpu()
    if not bool((product == 384.0).all()):
        raise RuntimeError("torch computes a wrong product of matrices on the GPU")


def _prepare_onnxruntime() -> None:
    """A session falls back to the CPU without a word: here it must not."""
    import onnxruntime

    if _PROVIDER not in onnxruntime.get_available_providers():
        raise RuntimeError("onnxruntime {} is a build for the CPU".format(onnxruntime.__version__))
    onnxruntime.preload_dlls()  # from the environment's own packages
    _free_before[:] = [_free_bytes()]
    session = onnxruntime.InferenceSession

    def on_gpu(model: object, sess_options: Any = None, **kwargs: Any) -> Any:
        options = sess_options or onnxruntime.SessionOptions()
        options.use_deterministic_compute = True
        settings = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
        providers = [(_PROVIDER, settings), "CPUExecutionProvider"]
        made = session(model, sess_options=options, **dict(kwargs, providers=providers))
        if made.get_providers()[0] != _PROVIDER:
            raise RuntimeError("CUDA driver initialization failed: onnxruntime does not use the GPU")
        return made

    onnxruntime.InferenceSession = on_gpu


def _check_onnxruntime() -> None:
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(_RELU)
    (found,) = session.run(None, {"x": numpy.array([-1, 0, 2], "float32")})
    if found.tolist() != [0.0, 0.0, 2.0]:
        raise RuntimeError("onnxruntime computes a wrong ReLU on the GPU: {}".format(found))


def _free_bytes() -> int:
    """Free memory of the GPU, as the CUDA runtime that is loaded already tells."""
    from onnxruntime.capi import build_and_package_info

    major = str(build_and_package_info.cuda_version).split(".")[0]
    runtime = ctypes.CDLL("libcudart.so.{}".format(major))
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    code = runtime.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total))
    if code != 0:
        runtime.cudaGetErrorString.restype = ctypes.c_char_p
        raise RuntimeError("CUDA: {}".format(runtime.cudaGetErrorString(code).decode()))
    return free.value
