"""Environments by name or by digest, wherever one is known: in a folder, in a ledger, in the store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from harness.cell import Backend, EnvironmentRef
from harness.environments import inventory, store
from harness.environments import recipe as recipes
from harness.environments.backend import recipes_of
from harness.environments.recipe import Recipe
from harness.environments.spec import EnvironmentSpec, choose, is_name
from harness.errors import UsageError

_PREFIX = re.compile(rf"[0-9a-f]{{{recipes.SHORTEST_PREFIX},64}}")
_NAMELESS = "replayed"  # an environment that nothing names but its recipe


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An environment.

    Attributes:
        ref: its name in cells and records.
        recipe: what it is made of.
        spec: the folder that asks for it now, if there is one.
        commit: of the harness that recorded it, in words.
    """

    ref: EnvironmentRef
    recipe: Recipe
    spec: EnvironmentSpec | None = None
    commit: str = ""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look.

    Attributes:
        specs: the folders of environments, by name.
        ledger: whose recipes are looked through; it need not exist.
        recorded: every environment of its records, by digest.
        commits: of the harness that recorded it, by the environment's digest; not all are known.
    """

    specs: Mapping[str, EnvironmentSpec]
    ledger: Path
    recorded: Mapping[str, EnvironmentRef] = {}
    commits: Mapping[str, str] = {}

    @property
    def recipes(self) -> Path:
        """The ledger's folder of recipes."""
        return self.ledger / recipes.FOLDER

    def commit(self, digest: str) -> str:
        """The commit of the harness that recorded an environment, in words."""
        return f"commit {self.commits.get(digest, '')[:12] or 'of that time'}"


def find(asked: str, places: Places, backend: Backend) -> Known:
    """The environment that ``asked`` names: a folder, made by ``backend``, or the first digits of a digest.

    Raises:
        UsageError: there is no such environment, several begin so, or its recipe was not stored.
        ConfigurationError: its recipe was changed, or its folder has no lock.
    """
    if asked in places.specs or not _PREFIX.fullmatch(asked.lower()):
        spec = choose(places.specs, asked)
        return Known(ref=spec.ref(backend), recipe=spec.recipe(backend), spec=spec)
    return find_digest(asked, places)


def find_digest(asked: str, places: Places) -> Known:
    """The one environment whose digest begins so; raises like :func:`find`."""
    if not _PREFIX.fullmatch(asked.lower()):
        raise UsageError(
            f"{asked}: is no digest; name its first {recipes.SHORTEST_PREFIX} or more digits (0-9, a-f), as "
            "`harness env list` and `harness results --format json` show them"
        )
    refs = {ref.digest: ref for ref in _refs(places) if ref.digest.startswith(asked.lower())}
    if not refs:
        raise UsageError(
            f"{asked}: no folder of environments, no record of {places.ledger} and no built environment has "
            "a digest that begins so; name the folder of the run with --output"
        )
    if len(refs) > 1:
        several = ", ".join(f"{digest[:12]} ({ref.name})" for digest, ref in sorted(refs.items()))
        raise UsageError(f"{asked}: several digests begin so: {several}; name more digits")
    return known(next(iter(refs.values())), places)


def known(ref: EnvironmentRef, places: Places) -> Known:
    """What there is to know of an environment of the records; raises like :func:`find`."""
    if not is_name(ref.name):  # it becomes part of a path
        raise UsageError(f"{places.ledger}: {ref.name!r} is no name of an environment")
    spec = places.specs.get(ref.name)
    recipe = recipes_of(spec).get(ref.backend) if spec else None
    if recipe is not None and recipe.digest == ref.digest:
        return Known(ref=ref, recipe=recipe, spec=spec)
    for folder in (places.recipes, store.entry_folder(ref)):
        if recipe := recipes.read(folder, ref.digest):
            ref = msgspec.structs.replace(ref, backend=recipe.backend)
            return Known(ref=ref, recipe=recipe, commit=places.commit(ref.digest))
    raise UsageError(
        f"{ref.digest[:12]}: what environment {ref.name} was made of was not stored with its records (older "
        "versions of the harness did not) and its folder asks for something else now; check out the "
        f"harness's {places.commit(ref.digest)} and run `harness env build {ref.name}`"
    )


def _refs(places: Places) -> Iterator[EnvironmentRef]:
    """Every environment that anything knows; the best name of a digest comes last."""
    for digest in recipes.digests(places.recipes):
        yield EnvironmentRef(name=_NAMELESS, backend=Backend.VENV, digest=digest)
    for stored in inventory.stored():
        yield stored.ref
    yield from places.recorded.values()
    for spec in places.specs.values():
        for backend, recipe in recipes_of(spec).items():
            yield EnvironmentRef(name=spec.name, backend=backend, digest=recipe.digest)
