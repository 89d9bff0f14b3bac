"""The frozen values that name a unit of work: model × weights × consumer × environment × device."""

from __future__ import annotations

import hashlib
from enum import Enum

import msgspec

AS_DESCRIBED = "as-described"


class WeightsFormat(str, Enum):
    """The weights formats of the description format (the names are the format's own)."""

    PYTORCH_STATE_DICT = "pytorch_state_dict"
    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"
    KERAS_HDF5 = "keras_hdf5"
    KERAS_V3 = "keras_v3"
    TENSORFLOW_SAVED_MODEL_BUNDLE = "tensorflow_saved_model_bundle"
    TENSORFLOW_JS = "tensorflow_js"


class Device(str, Enum):
    """What a cell computes on."""

    CPU = "cpu"
    CUDA = "cuda"


class Backend(str, Enum):
    """What makes an environment."""

    VENV = "venv"
    CONDA = "conda"
    DOCKER = "docker"


class Depth(str, Enum):
    """What a verdict is about: metadata rules, the reference runtime, or the tool itself."""

    STATIC = "static"
    RUNTIME = "runtime"
    TOOL = "tool"


class ModelRef(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one model, as found.

    Attributes:
        id: the description's own id, or else the folder's name.
        version: the description's version, empty if it states none.
        sha256: digest of the description and of every file that it names.
        source: folder relative to the collection, or URL.
    """

    id: str
    version: str = ""
    sha256: str = ""
    source: str = ""


class ConsumerRef(msgspec.Struct, frozen=True, kw_only=True):
    """A tool in one version."""

    name: str
    version: str


class EnvironmentRef(msgspec.Struct, frozen=True, kw_only=True):
    """A locked environment: ``digest`` covers all that decides what is installed.

    One that follows from what a model's author declares is called ``as-described-<digest>``.
    """

    name: str
    backend: Backend
    digest: str

    @property
    def as_described(self) -> bool:
        """Whether a model's author has declared it."""
        return self.name.startswith(f"{AS_DESCRIBED}-")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """The unit of work.

    ``weights_format`` is None for a model whose description cannot be read, ``environment`` is None where
    nothing runs (such a model, or a consumer that does not support the model).
    """

    model: ModelRef
    weights_format: WeightsFormat | None
    consumer: ConsumerRef
    environment: EnvironmentRef | None
    device: Device

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, whichever version of files and packages that is."""
        weights = self.weights_format.value if self.weights_format else ""
        environment = self.environment.name if self.environment else ""
        return (self.model.id, weights, self.consumer.name, environment, self.device.value)


def cell_key(cell: Cell, *, settings: dict[str, str]) -> str:
    """The digest (64 hex characters) of everything that can change the cell's verdict.

    Args:
        cell: its model's ``sha256`` covers the files; ``source`` does not count, a model may move.
        settings: further text that decides: tolerance policy, limits, versions of protocol and judge.
    """
    decisive = {
        "model": [cell.model.id, cell.model.version, cell.model.sha256],
        "weights_format": cell.weights_format,
        "consumer": cell.consumer,
        "environment": cell.environment,
        "device": cell.device,
        "settings": settings,
    }
    return hashlib.sha256(msgspec.json.encode(decisive, order="sorted")).hexdigest()
