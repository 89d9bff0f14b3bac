"""An environment that follows from what an author declares."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness import jsonio
from harness.cell import AS_DESCRIBED, Backend
from harness.environments.declared.declaration import Declaration
from harness.environments.declared.solution import Solution
from harness.environments.recipe import Recipe
from harness.environments.spec import BUILDER_VERSION, EnvironmentSpec
from harness.errors import ConfigurationError

_NAME_DIGITS = 8
_DECLARATION, _NEEDS, _PREFERENCES = "declaration.json", "needs.txt", "preferences.lock"


class DeclaredSpec(EnvironmentSpec, frozen=True, kw_only=True):
    """Like a folder of ``environments/``, but nothing is locked before it is built.

    Its packages are an unknown author's: nothing of them runs outside of isolation.

    Attributes:
        folder: its entry in the store, where the build writes requirements and lock.
        python: the version that is tried first.
        declaration: what the author asks for.
        needs: requirements of the consumer.
        preferences: a lock whose versions are taken wherever nothing else is asked for.
        solution: what it came to before and is to be made of again, so that nothing is solved.
    """

    declaration: Declaration
    needs: tuple[str, ...]
    preferences: str
    solution: Solution | None = None

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
                _DECLARATION: jsonio.dumps(self.declaration).decode(),
                _NEEDS: "\n".join(self.needs),
                _PREFERENCES: self.preferences,
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
    return msgspec.structs.replace(spec, name=declared_name(spec.digest(backend)))


def from_recipe(recipe: Recipe, *, folder: Path) -> DeclaredSpec:
    """The environment that a stored recipe is of; ``folder`` is its entry in the store.

    Raises:
        ConfigurationError: the recipe is none of a declaration.
    """
    try:
        declaration = recipe.files[_DECLARATION]
        return DeclaredSpec(
            name=declared_name(recipe.digest),
            folder=folder,
            description="Made again from its recipe.",
            python=recipe.python,
            weights_formats=(),
            consumers=(),
            variables=recipe.variables,
            torch_backend=recipe.torch_backend,
            declaration=jsonio.loads(declaration.encode(), Declaration, origin=_DECLARATION),
            needs=tuple(recipe.files[_NEEDS].splitlines()),
            preferences=recipe.files[_PREFERENCES],
        )
    except KeyError as error:
        raise ConfigurationError(f"{recipe.digest[:12]}: its recipe has no {error.args[0]}") from None


def is_declared(recipe: Recipe) -> bool:
    """Whether it is one of what an author declares."""
    return _DECLARATION in recipe.files


def declared_name(digest: str) -> str:
    """The name of the environment with this digest."""
    return f"{AS_DESCRIBED}-{digest[:_NAME_DIGITS]}"
