"""What went wrong around a model while it ran, and is not its fault."""

from __future__ import annotations

from harness.collection.model import Model
from harness.environments import store
from harness.environments.built import BuiltEnvironment
from harness.environments.integrity import damage
from harness.verdict import Reason, Status, Verdict


def under_circumstances(verdict: Verdict, model: Model, built: BuiltEnvironment) -> Verdict:
    """The verdict if the environment is whole and the model's files are those that were planned."""
    if verdict.status is not Status.PASSED and (damaged := of_damage(built)):
        return damaged
    if changed := model.changed():
        return Verdict.because(Reason.INTERNAL_ERROR, f"{changed} while the cell ran; run again")
    return verdict


def of_damage(built: BuiltEnvironment) -> Verdict | None:
    """The verdict of an environment that was damaged since it was built, which is then given up; or None."""
    if not (missing := damage(built)):
        return None
    store.discard(built)
    return Verdict.because(
        Reason.ENVIRONMENT_UNHEALTHY,
        f"the environment is damaged: {missing}; the next run builds it",
    )
