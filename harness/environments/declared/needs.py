"""What a cell needs beside what is declared: the tool, and the framework if the author left it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from harness.cell import WeightsFormat
from harness.environments.declared import match_spec
from harness.environments.declared.declaration import Declaration


class Framework(NamedTuple):
    """What opens weights: the package that is installed, and all that hold it under whatever name."""

    package: str
    names: frozenset[str]
    oldest: int = 0  # major version; what is older is opened by newer ones


_TORCH = Framework("torch", frozenset({"torch", "pytorch", "pytorch-cpu", "pytorch-gpu"}))
_TENSORFLOW = Framework(
    "tensorflow-cpu",
    frozenset(f"tensorflow{build}" for build in ("", "-cpu", "-gpu", "-intel", "-macos", "-base", "-mkl")),
    oldest=2,
)
_ONNX = Framework("onnxruntime", frozenset({"onnxruntime", "onnxruntime-gpu"}))
FRAMEWORKS: Mapping[WeightsFormat, Framework] = {
    WeightsFormat.PYTORCH_STATE_DICT: _TORCH,
    WeightsFormat.TORCHSCRIPT: _TORCH,
    WeightsFormat.ONNX: _ONNX,
    WeightsFormat.KERAS_HDF5: _TENSORFLOW,
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE: _TENSORFLOW,
}


class Needs(NamedTuple):
    """Requirements that are solved together with a declaration's own, and what is to be said of them."""

    requirements: tuple[str, ...]
    notes: tuple[str, ...]


def needs(
    declaration: Declaration, weights: WeightsFormat, *, stated: str, tool: str, constraints: tuple[str, ...]
) -> Needs:
    """What is missing in a declaration.

    The description format asks authors to name the framework among the dependencies; where they did not, it
    is taken in the version that the weights entry states, and without one in whatever version fits.

    Args:
        stated: version of the framework as the weights entry says, may be empty or no version.
        tool: requirement for the consumer in the version that is tested.
        constraints: further requirements that it has.
    """
    framework = FRAMEWORKS.get(weights)
    if framework is None or framework.names & set(_declared(declaration)):
        return Needs((tool, *constraints), ())
    versions = _versions(stated, framework.oldest)
    requirement = f"{framework.package}{versions}"
    how = "as the weights entry states" if versions else "in the version that fits"
    return Needs((tool, *constraints, requirement), (f"{requirement} (not declared: {how})",))


def still_needed(requirements: tuple[str, ...], provided: Iterable[str]) -> tuple[str, ...]:
    """The requirements without a framework that packages have brought along: nobody declares its version."""
    names = {canonicalize_name(name) for name in provided}
    there = {framework.package for framework in FRAMEWORKS.values() if framework.names & names}
    return tuple(text for text in requirements if canonicalize_name(Requirement(text).name) not in there)


def _declared(declaration: Declaration) -> Iterator[str]:
    for text in declaration.pip:
        yield canonicalize_name(Requirement(text).name)
    for text in declaration.conda:
        yield match_spec.name_of(text)


def _versions(stated: str, oldest: int) -> str:
    """``==2.4.0`` of "2.4.0+cu118", ``==2.4.*`` of "2.4"; empty for what is none or too old."""
    try:
        version = Version(stated)
    except InvalidVersion:
        return ""
    if version.major < oldest:
        return ""
    return f"=={version.public}" if len(version.release) > 2 else f"=={version.base_version}.*"
