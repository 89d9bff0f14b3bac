"""What becomes of the image of an environment. ``prefix`` is the folder where its contents are kept."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from harness.environments.docker import contents, engine
from harness.environments.docker.engine import EngineError
from harness.environments.docker.order import PARTS_LABEL


def is_there(prefix: Path, *, base: str) -> bool:
    """Whether the engine answers, has the image, and that is made from the base image of this name."""
    made = contents.read(prefix)
    try:
        if made is None or _missing(made):
            return False
        found = engine.image(base)
    except EngineError:
        return False
    return found is None or found.id == made.base_id


def identity(prefix: Path) -> str:
    """The id of the image, a digest of all that is in it; empty if there is none."""
    made = contents.read(prefix)
    return made.id if made else ""


def size(prefix: Path) -> int | None:
    """Bytes of all layers of the image; None if there is none."""
    made = contents.read(prefix)
    return made.size_bytes if made else None


def own_bytes(prefix: Path) -> int:
    """What goes with the image: all its layers but those of its base image. 0 if there is no image."""
    made = contents.read(prefix)
    return made.own_bytes if made else 0


def damage(prefix: Path) -> str:
    """What is wrong with the image, in one phrase; one that is there at all is whole."""
    made = contents.read(prefix)
    if made is None:
        return f"{prefix} does not say which image it is"
    try:
        return _missing(made)
    except EngineError:  # which is no fault of the image
        return ""


def remove(prefix: Path) -> None:
    """Remove the image and what is left of builds, unless something uses it or the engine is away."""
    made = contents.read(prefix)
    if made is not None:
        with suppress(EngineError):
            engine.remove_image(made.image, parts=PARTS_LABEL)


def _missing(made: contents.Contents) -> str:
    found = engine.image(made.image)
    return "" if found and found.id == made.id else f"the image {made.image} is missing"
