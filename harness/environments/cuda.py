"""Which driver an environment's build of CUDA needs, from its lock alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.version import InvalidVersion, Version

# The first driver of each major version; what is built for it runs with that and any later one.
# (docs.nvidia.com/deploy/cuda-compatibility, minor version compatibility)
_FIRST_DRIVER = {11: "450", 12: "525", 13: "580"}
_RUNTIME = re.compile(r"nvidia-cuda-runtime(-cu\d+)?")


def version_in(pins: Mapping[str, str]) -> str:
    """The version of the CUDA runtime that is pinned, "13.0.96"; empty if none is."""
    return next((version for name, version in pins.items() if _RUNTIME.fullmatch(name)), "")


def driver_trouble(pins: Mapping[str, str], driver: str) -> str:
    """In words why a driver is too old for what is pinned; empty if it is not, or nobody knows."""
    cuda = version_in(pins)
    try:
        major = Version(cuda).major
        needed = _FIRST_DRIVER.get(major)
        if needed is None or Version(driver) >= Version(needed):
            return ""
    except InvalidVersion:
        return ""
    return f"its driver {driver} is too old for CUDA {major}, which needs {needed} or newer"
