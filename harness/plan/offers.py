"""Which environments there are, as the matrix sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from harness.cell import Backend
from harness.consumers import Consumer
from harness.environments import lock
from harness.environments.spec import EnvironmentSpec, read_text
from harness.errors import ConfigurationError
from harness.plan.matrix import Offer

_NOT_OF_A_LABEL = re.compile(r"[^a-z0-9]+")


def offers_of(
    specs: Iterable[EnvironmentSpec], *, backend: Backend, consumers: Mapping[str, Consumer]
) -> list[Offer]:
    """One offer for each environment; a consumer's version is the locked version of its package.

    Where a folder has several versions of another package, the older ones are told apart as PEP 440 tells
    apart builds of one version: bioimageio.core 0.11.0+onnxruntime.1.30.0.

    Raises:
        ConfigurationError: an environment names a consumer that does not exist or is not in its lock.
    """
    return [
        Offer(
            ref=spec.ref(backend),
            weights_formats=spec.weights_formats,
            consumers={name: _version(spec, name, consumers) for name in spec.consumers},
        )
        for spec in specs
    ]


def _version(spec: EnvironmentSpec, name: str, consumers: Mapping[str, Consumer]) -> str:
    version = _locked_version(spec, name, consumers)
    if not spec.newer or canonicalize_name(spec.versioned) == canonicalize_name(consumers[name].DISTRIBUTION):
        return version
    return f"{version}+{_NOT_OF_A_LABEL.sub('.', f'{spec.versioned}.{spec.version}'.lower())}"


def _locked_version(spec: EnvironmentSpec, name: str, consumers: Mapping[str, Consumer]) -> str:
    where = f"{spec.folder / 'environment.toml'}: field consumers"
    if name not in consumers:
        raise ConfigurationError(
            f"{where}: there is no consumer {name!r}; known: {', '.join(sorted(consumers))}"
        )
    version = lock.pins(read_text(spec.lock)).get(consumers[name].DISTRIBUTION)
    if version is None:
        raise ConfigurationError(
            f"{where}: {name} is not in {spec.lock.name}; run `harness env lock {spec.name}`"
        )
    return version
