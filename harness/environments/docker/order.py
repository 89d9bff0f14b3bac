"""Everything that goes into the image of an environment, and the name that follows from it."""

from __future__ import annotations

import msgspec

from harness import jsonio
from harness.environments import lock, torch_backend, uv_command
from harness.environments.docker import settings
from harness.environments.docker.dockerfile import quoted
from harness.environments.docker.engine import Image
from harness.environments.docker.settings import BuildSettings
from harness.environments.spec import EnvironmentSpec, read_text

DIGEST_LABEL = "bioimage-harness.digest"
PARTS_LABEL = "bioimage-harness.part=build"  # of the stages that are not the last one
_BUILDER_VERSION = 1  # raise it when the same parts would be built into something else


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built.

    Attributes:
        dockerfile: its text.
        base: name of the image that it starts from.
        base_image: what that name stands for.
        pins: package to version.
        settings: how packages are reached, which must not change what they are.
        torch_backend: what uv is told about torch; empty for nothing.
    """

    spec: EnvironmentSpec
    dockerfile: str
    base: str
    base_image: Image
    pins: dict[str, str]
    settings: BuildSettings
    torch_backend: str

    @property
    def digest(self) -> str:
        """sha256 (hex) of all that decides what is in the image."""
        return jsonio.digest(
            {
                "builder": _BUILDER_VERSION,
                "dockerfile": self.dockerfile,
                "lock": read_text(self.spec.lock),
                "base": self.base_image.id,
                "torch_backend": self.torch_backend,
            }
        )

    @property
    def image(self) -> str:
        """The name of the image."""
        return f"bioimage-harness/{self.spec.name.rstrip('-')}:{self.digest[:16]}"

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments of its build."""
        return {"BASE_IMAGE": self.base, "TORCH_BACKEND": self.torch_backend}

    @property
    def labelled(self) -> str:
        """The Dockerfile with what the image says of itself. No address is among it."""
        labels = {
            DIGEST_LABEL: self.digest,
            "bioimage-harness.environment": self.spec.name,
            "org.opencontainers.image.title": f"bioimage-harness environment {self.spec.name}",
            "org.opencontainers.image.description": " ".join(self.spec.description.split()),
            "org.opencontainers.image.base.digest": self.base_image.id,
        }
        words = (f"{name}={quoted(value)}" for name, value in labels.items())
        return f"{self.dockerfile.rstrip()}\nLABEL {' '.join(words)}\n"


def prepare(spec: EnvironmentSpec, base_image: Image) -> Order:
    """The order for an environment.

    Raises:
        ConfigurationError: a file of the environment cannot be read.
    """
    pins = lock.pins(read_text(spec.lock))
    asked = torch_backend.arguments(spec, uv_command.settings().variables)
    return Order(
        spec=spec,
        dockerfile=spec.dockerfile_text(),
        base=spec.base_image(),
        base_image=base_image,
        pins=pins,
        settings=settings.for_build(pins, python=spec.python),
        torch_backend=spec.torch_backend if asked else "",
    )
