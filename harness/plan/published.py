"""Which environments the teams of tools publish, and which of them can be made."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness.cell import Backend
from harness.consumers import Consumer
from harness.environments.declared.spec import DeclaredSpec
from harness.environments.published import NotAvailableError, Published, published_spec, versions_of
from harness.environments.spec import EnvironmentSpec
from harness.errors import ConfigurationError, UsageError
from harness.plan.matrix import Offer, Selection
from harness.plan.plan import LeftOut

_SHOWN = 5  # of the versions that there are


class Offered(NamedTuple):
    """What is published, as the matrix sees it; the environments by name; what there is none of, and why."""

    offers: tuple[Offer, ...] = ()
    specs: Mapping[str, DeclaredSpec] = {}
    left_out: tuple[LeftOut, ...] = ()


def offers_of_teams(
    published: Sequence[Published],
    *,
    specs: Mapping[str, EnvironmentSpec],
    consumers: Mapping[str, Consumer],
    backend: Backend,
    selection: Selection,
) -> Offered:
    """Ask the teams whose tools are wanted for their newest versions, or those that are asked for by number.

    Args:
        specs: the environments of folders, by name.

    Raises:
        ConfigurationError: one is for a consumer that does not exist.
    """
    offers: list[Offer] = []
    made: dict[str, DeclaredSpec] = {}
    left_out: list[LeftOut] = []
    for entry in published:
        if entry.consumer not in consumers:
            raise ConfigurationError(f"{entry.versions}: there is no consumer {entry.consumer!r}")
        if not selection.wants_consumer(entry.consumer):
            continue
        if backend is not Backend.CONDA:
            why = "its team publishes environments for conda; use --backend conda"
            left_out.append(LeftOut(what=entry.consumer, why=why))
            continue
        asked = selection.versions_asked(entry.consumer)
        for version, found in _specs(entry, asked, specs, consumers[entry.consumer]):
            if isinstance(found, str):
                left_out.append(LeftOut(what=f"{entry.consumer} {version}".strip(), why=found))
                continue
            made[found.name] = found
            offers.append(
                Offer(
                    ref=found.ref(Backend.CONDA),
                    weights_formats=found.weights_formats,
                    consumers={entry.consumer: version},
                )
            )
    return Offered(tuple(offers), made, tuple(left_out))


def refuse_unlisted(entry: Published, version: str) -> None:
    """Raise UsageError for a version that the team does not list; without the list nobody knows."""
    with contextlib.suppress(NotAvailableError):
        listed = versions_of(entry)
        if version not in listed:
            raise UsageError(
                f"--consumer {entry.consumer}=={version}: its team lists no such version; "
                f"the newest are: {', '.join(listed[:_SHOWN])}"
            )


def _specs(
    entry: Published, asked: Sequence[str], specs: Mapping[str, EnvironmentSpec], consumer: Consumer
) -> list[tuple[str, DeclaredSpec | str]]:
    """For each version its environment, or why there is none; for "" why there is no version."""
    try:
        versions = asked or versions_of(entry)[: entry.newest]
    except NotAvailableError as error:
        return [("", str(error))]
    needs = (consumer.DISTRIBUTION, *consumer.NEEDS)
    found: list[tuple[str, DeclaredSpec | str]] = []
    for version in versions:
        try:
            found.append((version, published_spec(entry, version, specs=specs, needs=needs)))
        except NotAvailableError as error:
            found.append((version, str(error)))
    return found
