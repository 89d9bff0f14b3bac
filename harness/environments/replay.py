"""Making an environment again from its recipe, by the same backend or by another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness.cell import Backend, Device, EnvironmentRef, WeightsFormat
from harness.environments import backend as backends
from harness.environments import leases, lock, solved, store
from harness.environments import recipe as recipes
from harness.environments.declared import solution
from harness.environments.declared.spec import DeclaredSpec, declared_name, from_recipe, is_declared
from harness.environments.docker import dockerfile
from harness.environments.known import Known
from harness.environments.recipe import Recipe
from harness.environments.spec import BUILDER_VERSION, EnvironmentSpec, without_comments
from harness.errors import ConfigurationError, UsageError

# The folder's own health check is not part of a recipe: it would be code that no digest answers for.
_HEALTH = """\
import importlib.metadata

missing = []
for name in {names!r}:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        missing.append(name)
if missing:
    raise SystemExit("not installed: " + ", ".join(missing))
print("every package of the lock is installed")
"""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that can be built now.

    Attributes:
        spec: what to build.
        ref: what it will be. Its digest is the recorded one unless another backend was asked for.
    """

    spec: EnvironmentSpec
    ref: EnvironmentRef


@contextmanager
def replay(
    known: Known,
    backend: Backend,
    stored: Path,
    *,
    weights_formats: tuple[WeightsFormat, ...] = (),
    consumers: tuple[str, ...] = (),
    devices: tuple[Device, ...] = (Device.CPU,),
    python_full: str = "",
) -> Iterator[Replayed]:
    """A specification that is exactly the recipe's; its folder is gone at the end.

    Args:
        backend: by which it is to be made.
        stored: folder of recipes, where another backend may find its part of the same source.
        weights_formats: what is to run in it, as for ``consumers`` and ``devices``: no recipe says.
        python_full: the interpreter to be preferred, "3.11.9".

    Raises:
        UsageError: another builder made it, or the backend lacks what it reads.
        ConfigurationError: a stored recipe was changed.
    """
    backends.choose(backend)
    if known.spec is not None:
        spec = msgspec.structs.replace(known.spec, python_full=python_full)
        yield Replayed(spec=spec, ref=spec.ref(backend))
        return
    _refuse_other_builder(known)
    if is_declared(known.recipe):
        declared = _described(known, backend, stored, python_full)
        ref = _ref(declared, known.recipe, known)
        yield Replayed(
            spec=msgspec.structs.replace(declared, weights_formats=weights_formats, consumers=consumers),
            ref=ref,
        )
        return
    recipe = known.recipe if backend is known.recipe.backend else _for_other(known, backend, stored)
    with tempfile.TemporaryDirectory(prefix="harness-replay-") as scratch:
        _refuse_foreign_steps(recipe, known)
        spec = _written(recipe, Path(scratch) / known.ref.name)
        spec = msgspec.structs.replace(
            spec,
            weights_formats=weights_formats,
            consumers=consumers,
            devices=devices,
            python_full=python_full,
        )
        yield Replayed(spec=spec, ref=_ref(spec, recipe, known))


def _refuse_other_builder(known: Known) -> None:
    if known.recipe.builder != BUILDER_VERSION:
        raise UsageError(
            f"{known.ref.digest[:12]}: environment {known.ref.name} was made by version "
            f"{known.recipe.builder} of the builder and this harness has version {BUILDER_VERSION}, which "
            f"makes something else of the same lock; check out the harness's {known.commit}"
        )


def exactly(spec: DeclaredSpec, backend: Backend, stored: Path, *, python_full: str = "") -> DeclaredSpec:
    """What an author declares, to be made of the versions that it came to; nothing is solved again.

    What is built in other versions is built anew by the next ``store.ensure``.

    Args:
        stored: see :func:`replay`, as for ``python_full``.

    Raises:
        UsageError: no versions were stored or several, or others are in use at this moment.
        ConfigurationError: what was stored was changed.
    """
    ref = spec.ref(backend)
    built = store.find(spec, backend)
    there = [solved.of(built)] if built else []
    found = solution.stored(stored, ref.digest) or there
    fits = [each for each in found if not python_full or python_full.startswith(f"{each.python}.")]
    if not fits:
        raise UsageError(
            f"{ref.digest[:12]}: {stored} holds no exact versions for environment {ref.name} (none have been "
            "found, or the harness was older); run `harness run --as-described` on its model"
        )
    if len(fits) > 1:
        names = ", ".join(each.name for each in fits)
        raise UsageError(
            f"{ref.digest[:12]}: environment {ref.name} was made in several sets of versions ({names}); "
            f"leave one of the files {ref.digest[:12]}*.solution.json in {stored}"
        )
    if built and there != fits:
        if leases.is_held(built.prefix.parent):
            raise UsageError(f"environment {ref.name} is in use in other versions; wait for that run to end")
        store.discard(built)
    return msgspec.structs.replace(spec, solution=fits[0], python_full=python_full)


def _described(known: Known, backend: Backend, stored: Path, python_full: str) -> DeclaredSpec:
    """What an author declares, by the backend that it needs."""
    if backend is not known.recipe.backend:
        raise UsageError(
            f"{known.ref.digest[:12]}: environment {known.ref.name} follows from what an author declares, "
            f"and is made by {known.recipe.backend.value} alone; leave out --backend"
        )
    digest = known.recipe.digest
    ref = EnvironmentRef(name=declared_name(digest), backend=backend, digest=digest)
    spec = from_recipe(known.recipe, folder=store.entry_folder(ref))
    return exactly(spec, backend, stored, python_full=python_full)


def _refuse_foreign_steps(recipe: Recipe, known: Known) -> None:
    """Refuse a Dockerfile that somebody has written: it may do anything with the passwords of indexes."""
    text = recipe.files.get("Dockerfile")
    if text is not None and not dockerfile.is_rendered(
        text, python=recipe.python, torch_backend=recipe.torch_backend, variables=recipe.variables
    ):
        raise UsageError(
            f"{recipe.digest[:12]}: environment {known.ref.name} has a Dockerfile of its own, which is not "
            f"run out of a ledger; check out the harness's {known.commit} and run "
            f"`harness env build {known.ref.name} --backend docker`"
        )


def _for_other(known: Known, backend: Backend, stored: Path) -> Recipe:
    """The recipe of the same source for another backend: as stored at that time, else made of this one."""
    found = [
        recipe
        for digest in recipes.digests(stored)
        if (recipe := recipes.read(stored, digest)) is not None
        and recipe.backend is backend
        and recipe.same_source(known.recipe)
    ]
    if len(found) > 1:
        several = ", ".join(recipe.digest[:12] for recipe in found)
        raise UsageError(
            f"{known.ref.digest[:12]}: {backend.value} has made several environments of the same lock "
            f"({several}); name one of them with --digest"
        )
    if found:
        return found[0]
    files = {
        name: without_comments(text)
        for name, text in backends.choose(backend).files_for(known.recipe).items()
    }
    return msgspec.structs.replace(known.recipe, backend=backend, files=files)


def _written(recipe: Recipe, folder: Path) -> EnvironmentSpec:
    """The folder of an environment, as far as backends read it."""
    pinned = [line for line in recipe.lock.splitlines() if ";" not in line]  # a marker may leave it out
    files = {
        "requirements.lock": recipe.lock,
        "health.py": _HEALTH.format(names=sorted(lock.pins("\n".join(pinned)))),
        **recipe.files,
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n", "utf-8")
    return EnvironmentSpec(
        name=folder.name,
        folder=folder,
        description="Made again from its recipe.",
        python=recipe.python,
        weights_formats=(),
        consumers=(),
        variables=recipe.variables,
        torch_backend=recipe.torch_backend,
    )


def _ref(spec: EnvironmentSpec, recipe: Recipe, known: Known) -> EnvironmentRef:
    """What will be made, proved to be what the recipe says."""
    try:
        ref = spec.ref(recipe.backend)
    except ConfigurationError as error:
        raise UsageError(
            f"environment {spec.name}: nothing was stored that {recipe.backend.value} could make it from "
            f"({error})"
        ) from error
    if ref.digest != recipe.digest:
        raise ConfigurationError(
            f"environment {spec.name}: of its recipe ({recipe.digest[:12]}) this harness would make "
            f"something else ({ref.digest[:12]}); check out the harness's {known.commit}"
        )
    return ref
