"""An environment that follows from what an author declares."""

from __future__ import annotations

import msgspec

from harness import jsonio
from harness.cell import AS_DESCRIBED, Backend
from harness.environments.declared.declaration import Declaration
from harness.environments.recipe import Recipe
from harness.environments.spec import BUILDER_VERSION, EnvironmentSpec

_NAME_DIGITS = 8
DECLARATION = "declaration.json"


class DeclaredSpec(EnvironmentSpec, frozen=True, kw_only=True):
    """Like a folder of ``environments/``, but nothing is locked before it is built.

    Its packages are an unknown author's: nothing of them runs outside of isolation.

    Attributes:
        folder: its entry in the store, where the build writes requirements and lock.
        python: the version that is tried first.
        declaration: what the author asks for.
        needs: requirements of the consumer.
        preferences: a lock whose versions are taken wherever nothing else is asked for.
    """

    declaration: Declaration
    needs: tuple[str, ...]
    preferences: str

    @property
    def by_author(self) -> bool:
        """Whether a model's author declares it, who can act on what is wrong with it; else a tool's team."""
        return self.name.startswith(AS_DESCRIBED)

    @property
    def trusted(self) -> bool:
        """Never: see the class."""
        return False

    def recipe(self, backend: Backend) -> Recipe:
        """All that decides what is installed, apart from what indexes hold when it is built."""
        return Recipe(
            builder=BUILDER_VERSION,
            backend=backend,
            python=self.python,
            lock="",
            variables=self.variables,
            torch_backend=self.torch_backend,
            files={
                DECLARATION: jsonio.dumps(self.declaration).decode(),
                "needs.txt": "\n".join(self.needs),
                "preferences.lock": self.preferences,
            },
        )


def declared_spec(
    declaration: Declaration,
    needs: tuple[str, ...],
    *,
    like: EnvironmentSpec,
    preferences: str,
    backend: Backend,
) -> DeclaredSpec:
    """The environment of a declaration, named by its digest; for the time being in the folder of ``like``.

    Args:
        like: the environment in which cells with the same framework and tool run otherwise.
    """
    spec = DeclaredSpec(
        name=AS_DESCRIBED,
        folder=like.folder,
        description="What the author of a model declares.",
        python=like.python,
        weights_formats=like.weights_formats,
        consumers=like.consumers,
        variables=like.variables,
        torch_backend=like.torch_backend or "cpu",
        limits=like.limits,
        declaration=declaration,
        needs=needs,
        preferences=preferences,
    )
    name = f"{AS_DESCRIBED}-{spec.digest(backend)[:_NAME_DIGITS]}"
    return msgspec.structs.replace(spec, name=name)
