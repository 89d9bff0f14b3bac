"""Which environments there are, as the matrix sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.cell import Backend
from harness.consumers import Consumer
from harness.environments import lock, npm_lock
from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError
from harness.plan.matrix import Offer


def offers_of(
    specs: Iterable[EnvironmentSpec], *, backend: Backend, consumers: Mapping[str, Consumer]
) -> list[Offer]:
    """One offer for each environment; a consumer's version is the locked version of its package.

    Raises:
        ConfigurationError: an environment names a consumer that does not exist or is not in its lock.
    """
    return [
        Offer(
            ref=spec.ref(backend),
            weights_formats=spec.weights_formats,
            consumers={name: _locked_version(spec, name, consumers) for name in spec.consumers},
        )
        for spec in specs
    ]


def _locked_version(spec: EnvironmentSpec, name: str, consumers: Mapping[str, Consumer]) -> str:
    where = f"{spec.folder / 'environment.toml'}: field consumers"
    if name not in consumers:
        raise ConfigurationError(
            f"{where}: there is no consumer {name!r}; known: {', '.join(sorted(consumers))}"
        )
    pins = {**lock.pins(read_text(spec.lock)), **npm_lock.pins(spec.folder)}
    version = (spec.command and spec.command.version) or pins.get(consumers[name].DISTRIBUTION)
    if version is None:
        raise ConfigurationError(
            f"{where}: {name} is not in {spec.lock.name}; run `harness env lock {spec.name}`"
        )
    return version
