"""What a worker must be given for a GPU: device files, libraries of the driver, and variables."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness import proc
from harness.gpu.gpu import Gpu
from harness.limits import LOG_BYTES, Limits

_CONTROL = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "dxg")  # dxg: below Windows
_PROC = Path("/proc/driver/nvidia/gpus")
_DEV = Path("/dev")
_MINOR = re.compile(r"^Device Minor:\s*(?P<minor>\d+)", re.MULTILINE)
_LIBRARY = re.compile(r"^\s*(?P<name>lib(cuda|nvidia-)\S*) \(.*\) => (?P<path>/.+)$", re.MULTILINE)
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
_SECONDS = 20.0


def device_nodes(gpu: Gpu, *, dev: Path = _DEV, told: Path = _PROC) -> tuple[Path, ...]:
    """The device files of the driver and of this GPU.

    Of the others only where the driver does not tell which one is its own: CUDA_VISIBLE_DEVICES leaves
    them out then.

    Args:
        dev, told: folders of device files and of what the driver tells of each GPU.
    """
    minor = _minor(gpu, told)
    own = sorted(dev.glob("nvidia[0-9]*")) if minor is None else [dev / f"nvidia{minor}"]
    return tuple(path for path in (*own, *(dev / name for name in _CONTROL)) if path.exists())


def variables(gpu: Gpu) -> dict[str, str]:
    """What makes CUDA see this GPU alone, and compute the same each time in full precision."""
    return {
        "CUDA_VISIBLE_DEVICES": gpu.uuid,
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "NVIDIA_TF32_OVERRIDE": "0",
    }


def driver_libraries() -> tuple[Path, ...]:
    """The driver's libraries that the dynamic linker finds elsewhere than in the system's folders."""
    program = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if program is None:
        return ()
    with tempfile.TemporaryDirectory(prefix="harness-gpu-") as folder:
        log = Path(folder, "log")
        limits = Limits(seconds=_SECONDS, log_bytes=16 * LOG_BYTES)
        proc.run([program, "-p"], log=log, env={"LC_ALL": "C"}, cwd=Path("/"), limits=limits)
        return tuple(outside_of_system(libraries_in(log.read_text("utf-8", errors="replace"))))


def libraries_in(printed: str) -> Iterator[Path]:
    """The driver's libraries in the output of ``ldconfig -p``."""
    for match in _LIBRARY.finditer(printed):
        yield Path(match["path"])


def outside_of_system(paths: Iterable[Path]) -> Iterator[Path]:
    """Those that no sandbox shows anyway; each once."""
    for path in dict.fromkeys(paths):
        real = path.resolve()
        if not all(any(place.is_relative_to(folder) for folder in _SYSTEM) for place in (path, real)):
            yield path


def _minor(gpu: Gpu, told: Path) -> int | None:
    """The number in the name of its device file; nvidia-smi counts otherwise."""
    domain, _, rest = gpu.bus_id.lower().partition(":")
    path = told / f"{domain[-4:]}:{rest}" / "information"
    try:
        found = _MINOR.search(path.read_text("utf-8"))
    except OSError:
        return None
    return int(found["minor"]) if found else None
