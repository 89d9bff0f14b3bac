"""Which build of torch uv is told to take.

The default index's torch brings several GB of CUDA packages. ``--torch-backend=cpu`` makes uv look for
torch and its family at the small builds' own index, which is out of reach on some machines; their users
hand a wheel over by find-links, and then nothing needs to be said: its version "2.13.0+cpu" is preferred to
the default index's "2.13.0".

An environment for a GPU names no build: it is the default index's that it wants. There such find-links are in
the way, and are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlparse

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from harness.environments.spec import TORCH_BACKEND_VARIABLE, EnvironmentSpec

CPU_ONLY = "cpu"
# Each is built anew for every build of torch, and distributed under the same version.
_FAMILY = frozenset({"torch", "torchaudio", "torchvision"})

_ANY = SpecifierSet()


def arguments(
    spec: EnvironmentSpec, variables: Mapping[str, str], *, wanted: SpecifierSet = _ANY
) -> tuple[str, ...]:
    """The options for uv.

    HARNESS_TORCH_BACKEND replaces the declared backend (see :func:`harness.environments.spec.load`), and
    switches this off if it is set and empty.

    Args:
        variables: what uv gets; its UV_FIND_LINKS are searched.
        wanted: the versions of torch that will do.
    """
    override = os.environ.get(TORCH_BACKEND_VARIABLE)
    if not spec.torch_backend or override == "":
        return ()
    if override is None and offered(spec.python, variables.get("UV_FIND_LINKS", ""), wanted=wanted):
        return ()
    return (f"--torch-backend={spec.torch_backend}",)


def brings_cuda(pins: Mapping[str, str]) -> bool:
    """Whether what is pinned computes on a GPU: NVIDIA's own libraries are among it."""
    return any(name.startswith("nvidia-") for name in pins)


def without_cpu_builds(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables for uv without find-links that hold a torch for the CPU: uv would prefer that."""
    links = variables.get("UV_FIND_LINKS", "")
    kept = [link for link in links.split(",") if link and not any(map(_is_for_cpu, _wheels(link)))]
    others = {name: value for name, value in variables.items() if name != "UV_FIND_LINKS"}
    return {**others, "UV_FIND_LINKS": ",".join(kept)} if kept else others


def _is_for_cpu(wheel: str) -> bool:
    try:
        name, version, _, _ = parse_wheel_filename(wheel)
    except InvalidWheelFilename:
        return False
    return name == "torch" and version.local == CPU_ONLY


def family(spec: EnvironmentSpec) -> frozenset[str]:
    """The packages of an environment whose files are others for another build of torch."""
    return _FAMILY if spec.torch_backend else frozenset()


def pinned(pins: Mapping[str, str]) -> SpecifierSet:
    """The version of torch in a lock, as what is ``wanted``."""
    return SpecifierSet(f"=={pins['torch']}" if "torch" in pins else "")


def offered(python: str, find_links: str, *, wanted: SpecifierSet = _ANY) -> bool:
    """Whether a torch wheel for this version of Python is among the find-links, in a wanted version."""
    tag = "cp" + python.replace(".", "")
    for name in _wheels(find_links):
        try:
            distribution, version, _, tags = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        fits = distribution == "torch" and wanted.contains(version, prereleases=True)
        if fits and any(found.interpreter == tag for found in tags):
            return True
    return False


def _wheels(find_links: str) -> Iterator[str]:
    """File names of wheels. Pages of links are not fetched: with one of those, the user sets the variable."""
    for entry in filter(None, find_links.split(",")):
        address = urlparse(entry)
        place = Path(unquote(address.path) if address.scheme == "file" else entry)
        if place.suffix == ".whl":
            yield place.name
        elif address.scheme in {"", "file"}:
            yield from (wheel.name for wheel in place.glob("torch-*.whl"))
