"""The environment that cells of a run need: built, in use until they have ended, and known to the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from harness.cell import Backend
from harness.environments import recipe, solved, store
from harness.environments.backend import recipes_of
from harness.environments.built import BuiltEnvironment
from harness.environments.declared import solution
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError
from harness.verdict import Status, Verdict


def build(
    spec: EnvironmentSpec,
    backend: Backend,
    *,
    leases: ExitStack,
    ledger: Path,
    on_progress: Callable[[str], None],
    cancel: threading.Event,
) -> BuiltEnvironment:
    """Build it, or find it built; what it is made of is stored in the folder ``ledger``, if it fails, too.

    Args:
        leases: nobody removes it until their end.

    Raises:
        EnvironmentBuildError: it cannot be had.
        HarnessError: the store or the ledger cannot be written, or ``cancel`` was set.
    """
    recipes = ledger / recipe.FOLDER
    # The other backends' recipes are what they make the same environment from.
    for made in {**recipes_of(spec), backend: spec.recipe(backend)}.values():
        recipe.keep(recipes, made)
    leases.enter_context(store.in_use(spec, backend, on_progress=on_progress, cancel=cancel))
    environment = store.ensure(spec, backend, on_progress=on_progress, cancel=cancel)
    if not spec.trusted:
        # Somebody may have removed its lock: the cells run all the same.
        with suppress(ConfigurationError):
            solution.keep(recipes, environment.ref.digest, solved.of(environment))
    return environment


def verdict_of(error: EnvironmentBuildError) -> Verdict:
    """Only what a model's author asks for is held against a model: all else says nothing about it."""
    if error.declared_so:
        return Verdict.because(error.reason, error.message)
    return Verdict(
        status=Status.INCONCLUSIVE, reason=error.reason, blame=error.reason.blame, message=error.message
    )
