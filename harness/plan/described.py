"""Which environments the authors of models declare, and which of them can be made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.version import Version

from harness.cell import AS_DESCRIBED, Backend, EnvironmentRef, WeightsFormat
from harness.collection.dependencies import Dependencies
from harness.collection.model import Model
from harness.consumers import Consumer
from harness.environments import lock, store
from harness.environments.declared.declaration import Declaration, Reading, RefusedError, quoted
from harness.environments.declared.needs import FRAMEWORKS, needs
from harness.environments.declared.read import MANAGERS, MAX_BYTES, read
from harness.environments.declared.spec import DeclaredSpec, declared_spec
from harness.environments.spec import EnvironmentSpec, read_text
from harness.plan.matrix import Described, Offer, Place
from harness.plan.plan import Settled
from harness.verdict import Reason, Status


class Declared(NamedTuple):
    """What models declare, and the environments of it by name; equal ones are one."""

    of: Mapping[Place, Described]
    specs: Mapping[str, EnvironmentSpec]


NOTHING = Declared({}, {})


def read_declarations(
    models: Iterable[Model],
    *,
    specs: Mapping[str, EnvironmentSpec],
    offers: Sequence[Offer],
    consumers: Mapping[str, Consumer],
    backend: Backend,
) -> Declared:
    """Read the files that weights entries name as their dependencies.

    Args:
        specs: the environments of the offers, by name.
        offers: in which consumers open weights otherwise; without one, nothing is known of the consumer.
        backend: what the user has chosen to make environments with.
    """
    reader = _Reader(specs, offers, consumers, backend)
    for model in models:
        for declared in model.description.dependencies:
            for consumer in consumers:
                reader.add(model, declared, consumer)
    return Declared(reader.described, reader.specs)


class _Reader:
    """Collects declarations; every environment is worked out once."""

    def __init__(
        self,
        specs: Mapping[str, EnvironmentSpec],
        offers: Sequence[Offer],
        consumers: Mapping[str, Consumer],
        backend: Backend,
    ) -> None:
        self.described: dict[Place, Described] = {}
        self.specs: dict[str, EnvironmentSpec] = {}
        self._own = specs
        self._offers = offers
        self._consumers = consumers
        self._backend = backend
        self._locks = {name: read_text(spec.lock) for name, spec in specs.items()}
        self._made: dict[tuple[Declaration, tuple[str, ...], str], DeclaredSpec] = {}

    def add(self, model: Model, declared: Dependencies, consumer: str) -> None:
        """Read one declaration for one consumer, if that opens such weights."""
        offer = self._offer(declared.weights_format, consumer)
        weights = declared.weights_format
        if offer is not None and self._consumers[consumer].applicable(model.description, weights) is None:
            place = (model.ref.source, declared.weights_format, consumer)
            self.described[place] = self._read(model, declared, consumer, offer)

    def _offer(self, weights: WeightsFormat, consumer: str) -> Offer | None:
        """Where such weights run otherwise; if there are several, where the framework's usual package is."""
        serving = [o for o in self._offers if consumer in o.consumers and weights in o.weights_formats]
        names = FRAMEWORKS[weights].names if weights in FRAMEWORKS else frozenset()
        usual = [o for o in serving if names & lock.pins(self._locks[o.ref.name]).keys()]
        return next(iter([*usual, *serving]), None)

    def _read(self, model: Model, declared: Dependencies, consumer: str, offer: Offer) -> Described:
        version = offer.consumers[consumer]
        if declared.manager not in MANAGERS:
            why = f"{declared.source} is for {quoted(declared.manager)}, which installs nothing for Python"
            return Described(version=version, left_out=why)
        try:
            data = _bounded(model.paths[declared.source])
        except OSError as error:
            why = f"{declared.source} cannot be read any more ({error.strerror})"
            return Described(version=version, left_out=why)
        try:
            reading = read(declared.manager, data, shown=declared.source)
        except RefusedError as refused:
            return _refused(refused, data, version)
        if why := _why_not(reading.declaration, declared.source, self._backend):
            return Described(version=version, left_out=why)
        return self._environment(reading, declared, consumer, offer)

    def _environment(
        self, reading: Reading, declared: Dependencies, consumer: str, offer: Offer
    ) -> Described:
        version = offer.consumers[consumer]
        tool = self._consumers[consumer]
        added = needs(
            reading.declaration,
            declared.weights_format,
            stated=declared.framework_version,
            tool=f"{tool.DISTRIBUTION}=={Version(version).public}",
            constraints=tool.NEEDS,
        )
        like = offer.ref.name
        backend = Backend.CONDA if reading.declaration.conda else Backend.VENV  # wheels alone need no conda
        identity = (reading.declaration, added.requirements, like)
        if identity not in self._made:
            made = declared_spec(
                reading.declaration,
                added.requirements,
                like=self._own[like],
                preferences=lock.preferences(self._locks[like]),
                backend=backend,
            )
            folder = store.entry_folder(made.ref(backend))
            self._made[identity] = msgspec.structs.replace(made, folder=folder)
        spec = self._made[identity]
        self.specs[spec.name] = spec
        return Described(version=version, environment=spec.ref(backend), notes=(*reading.notes, *added.notes))


def _why_not(declaration: Declaration, source: str, backend: Backend) -> str:
    """Why this environment is not made by what the user has chosen, empty if it is."""
    if backend is Backend.DOCKER:
        return "environments as described are not made with docker; use --backend venv or conda"
    if declaration.conda and backend is not Backend.CONDA:
        packages = quoted(", ".join(declaration.conda))
        return f"{source} declares conda packages ({packages}); use --backend conda"
    return ""


def _refused(refused: RefusedError, data: bytes, version: str) -> Described:
    """A declaration that nobody could follow has failed; what is only not done here is no answer."""
    digest = hashlib.sha256(data).hexdigest()
    status = None if refused.malformed else Status.INCONCLUSIVE
    return Described(
        version=version,
        environment=EnvironmentRef(name=f"{AS_DESCRIBED}-{digest[:8]}", backend=Backend.VENV, digest=digest),
        refused=Settled(reason=Reason.ENVIRONMENT_UNSATISFIABLE.slug, message=refused.message, status=status),
    )


def _bounded(path: Path) -> bytes:
    """The file's content, or more than is read of it."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
