"""What an environment is made of, stored once for each digest, so that it can be made again.

A recipe is exactly what its digest is of. The file ``<digest>.json`` has therefore one possible content,
whoever writes it: ledgers merge by copying, nothing is ever rewritten, and a changed file betrays itself.
What differs between two machines that built it (full version of Python, system) is in the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness import jsonio
from harness.cell import Backend
from harness.errors import ConfigurationError

SCHEMA = 1
FOLDER = "environments"  # in a ledger
SHORTEST_PREFIX = 6
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that decides what is installed and how it behaves.

    Attributes:
        builder: see :data:`harness.environments.spec.BUILDER_VERSION`.
        backend: what makes it.
        python: version of the interpreter, "3.11".
        lock: the requirements, every package pinned, without comments.
        variables: environment variables that are set before anything starts in it.
        torch_backend: which build of torch, empty if torch is not in it.
        files: what else the backend reads, by its name in the environment's folder, without comments.

    Raises:
        ValueError: a file has a name that could stand for something else.
    """

    builder: int
    backend: Backend
    python: str
    lock: str
    variables: dict[str, str]
    torch_backend: str
    files: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in self.files:
            if name in _RESERVED or not _FILE_NAME.fullmatch(name):
                raise ValueError(f"field files: {name!r} is no name of a file that a back-end reads")

    @property
    def digest(self) -> str:
        """sha256 (hex), the environment's digest in cells and records."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__ if name != "files"}
        return jsonio.digest({**fields, **self.files})

    def same_source(self, other: Recipe) -> bool:
        """Whether both are made of the same lock, Python and variables, by whatever backend."""
        return all(getattr(self, name) == getattr(other, name) for name in _SOURCE)


_SOURCE = ("builder", "python", "lock", "variables", "torch_backend")
# A file of such a name would take the place of a field in the digest, or of a file in the folder.
_RESERVED = frozenset(Recipe.__struct_fields__) | {
    *("requirements.in", "requirements.lock", "environment.toml", "health.py")
}


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int = SCHEMA
    recipe: Recipe


class _Schema(msgspec.Struct):
    schema: int


def keep(folder: Path, recipe: Recipe) -> None:
    """Store a recipe in ``folder``; raises OutputError. A file that is there already stays."""
    path = _path(folder, recipe.digest)
    if not path.is_file():
        jsonio.write_bytes(path, encode(recipe))


def read(folder: Path, digest: str) -> Recipe | None:
    """The recipe with this digest, None if ``folder`` has none.

    Raises:
        ConfigurationError: it is not what its name says, cannot be read, or has an unknown schema.
    """
    path = _path(folder, digest)
    if not _DIGEST.fullmatch(digest) or not path.exists():
        return None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    return decode(data, digest, origin=str(path))


def encode(recipe: Recipe) -> bytes:
    """The content of a recipe's file."""
    return jsonio.dumps(_File(recipe=recipe), indent=2)


def decode(data: bytes, digest: str, *, origin: str) -> Recipe:
    """The recipe in a file that is named by this digest; raises as :func:`read`, and names ``origin``."""
    schema = jsonio.loads(data, _Schema, origin=origin).schema
    if schema != SCHEMA:
        raise ConfigurationError(f"{origin}: field schema: is {schema}, this harness reads {SCHEMA}")
    recipe = jsonio.loads(data, _File, origin=origin).recipe
    if recipe.digest != digest:
        raise ConfigurationError(
            f"{origin}: was changed after it was stored (its content has the digest {recipe.digest[:12]}) "
            "and nothing is built from it; copy the file again from where the ledger is from"
        )
    return recipe


def digests(folder: Path) -> Iterator[str]:
    """The digests of all recipes in ``folder``, sorted."""
    for path in sorted(folder.glob("*.json")):
        if _DIGEST.fullmatch(path.stem):
            yield path.stem


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.json"
