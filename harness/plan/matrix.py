"""The matrix model × weights × consumer × environment × device (pure: no file, no process)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from harness.cell import Cell, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat, cell_key
from harness.collection.model import Model, Packed, Unreadable
from harness.consumers import Consumer
from harness.plan.applicable import by_description, runs, untested
from harness.plan.plan import LeftOut, PlannedCell, Settled
from harness.policy import DEFAULT, Policy

Place: TypeAlias = tuple[str, WeightsFormat, str]  # the source of a model, one of its weights, a consumer


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """An environment as the matrix sees it.

    Attributes:
        ref: name, back-end and digest.
        weights_formats: what it serves.
        consumers: which tools are in it, with their locked version.
        devices: what it can compute on.
    """

    ref: EnvironmentRef
    weights_formats: tuple[WeightsFormat, ...]
    consumers: Mapping[str, str]
    devices: tuple[Device, ...] = (Device.CPU,)


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of what the author of a model declares for some weights, in one tool.

    Attributes:
        version: of the consumer.
        environment: None if there is none.
        notes: what of the author's words was changed.
        refused: the verdict if no environment is made of it.
        left_out: why it is not in the plan at all, empty if it is.
    """

    version: str
    environment: EnvironmentRef | None = None
    notes: tuple[str, ...] = ()
    refused: Settled | None = None
    left_out: str = ""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; an empty tuple means everything. Consumers are NAME or NAME==VERSION."""

    models: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    weights: tuple[WeightsFormat, ...] = ()
    devices: tuple[Device, ...] = (Device.CPU,)

    def wants_model(self, model: ModelRef) -> bool:
        """Whether a glob matches the model's id or its source."""
        return self.wants(model.id, model.source)

    def wants(self, model_id: str, source: str) -> bool:
        """See :meth:`wants_model`."""
        return not self.models or any(
            fnmatchcase(model_id, glob) or fnmatchcase(source, glob) for glob in self.models
        )

    def versions_asked(self, name: str) -> tuple[str, ...]:
        """The versions of a consumer that are asked for by number; empty for any."""
        asked = [consumer.partition("==") for consumer in self.consumers]
        versions = [its_version for its_name, _, its_version in asked if its_name == name]
        return () if "" in versions else tuple(dict.fromkeys(versions))

    def wants_consumer(self, name: str, version: str | None = None) -> bool:
        """Whether a consumer is asked for, in one of its versions or in any."""
        asked = [consumer.partition("==") for consumer in self.consumers]
        return not asked or any(
            name == its_name and version in (None, its_version or version)
            for its_name, _, its_version in asked
        )


def plan_cells(
    models: Iterable[Model | Packed | Unreadable],
    *,
    consumers: Mapping[str, Consumer],
    offers: Sequence[Offer],
    selection: Selection,
    settings: dict[str, str],
    policy: Policy = DEFAULT,
    described: Mapping[Place, Described] = MappingProxyType({}),
    absent: Mapping[str, str] = MappingProxyType({}),
) -> tuple[tuple[PlannedCell, ...], tuple[LeftOut, ...]]:
    """Every cell, sorted by model, and what was left out.

    A model that cannot be read gets one cell (weights format None) for the first consumer. Weights that a
    consumer does not support get one cell for each version of it, settled as not applicable.

    Args:
        settings: what else decides a verdict, part of each key.
        policy: what it says of a cell alone is part of that cell's key.
        described: what authors declare, where cells run in that, too.
        absent: the tools that are not on this machine, each with the variable that would say where.
    """
    cells: list[PlannedCell] = []
    left_out: list[LeftOut] = []
    wanted = {name: tool for name, tool in consumers.items() if selection.wants_consumer(name)}
    not_wanted = [name for name in consumers if name not in wanted]
    for model in models:
        if not selection.wants_model(model.ref):
            left_out.append(LeftOut(what=model.ref.id, why="not selected by --select"))
        elif isinstance(model, Unreadable):
            cells.append(_unreadable(model, next(iter(wanted)), offers, settings))
        else:
            left_out += [
                LeftOut(what=f"{model.ref.id} · {name}", why="not selected by --consumer")
                for name in not_wanted
            ]
            for name, consumer in wanted.items():
                if runs(consumer) and not any(name in offer.consumers for offer in offers):
                    why = f"no environment has {name}"
                    why += f"; {absent[name]} is not set, which says where it is" if name in absent else ""
                    left_out.append(LeftOut(what=f"{model.ref.id} · {name}", why=why))
                    continue
                for entry in _cells_of(model, name, consumer, offers, selection, settings, policy, described):
                    (cells if isinstance(entry, PlannedCell) else left_out).append(entry)  # type: ignore[arg-type]
    return tuple(cells), tuple(left_out)


def _cells_of(
    model: Model | Packed,
    name: str,
    consumer: Consumer,
    offers: Sequence[Offer],
    selection: Selection,
    settings: dict[str, str],
    policy: Policy,
    described: Mapping[Place, Described],
) -> Iterator[PlannedCell | LeftOut]:
    offered = [o for o in offers if name in o.consumers and selection.wants_consumer(name, o.consumers[name])]
    description = model.description
    for weights in model.weights:
        what = f"{model.ref.id} · {weights.value} · {name}"
        if selection.weights and weights not in selection.weights:
            yield LeftOut(what=what, why="not selected by --weights")
            continue
        serving = [offer for offer in offered if weights in offer.weights_formats]
        settled = by_description(consumer, description, weights, opened=bool(serving) or not offered)
        for device in selection.devices:
            if settled is not None:
                for version in _versions(name, offered):
                    cell = _cell(model.ref, weights, name, version, None, device)
                    yield _settled(cell, consumer, _why_settled(settled), settings, settled)
                continue
            if not serving:
                yield LeftOut(what=what, why=f"no environment has {name} for {weights.value}")
            for offer in _with_device(device, serving):
                if device not in offer.devices:
                    why = f"environment {offer.ref.name} has no build for {device.value}"
                    yield LeftOut(what=f"{what} · {offer.ref.name} · {device.value}", why=why)
                    continue
                cell = _cell(model.ref, weights, name, offer.consumers[name], offer.ref, device)
                why = f"{name} opens {weights.value} in {offer.ref.name}"
                why += ", on a machine with a GPU" if device is Device.CUDA else ""
                yield _decided(cell, consumer, why, settings, policy)
            if declared := described.get((model.ref.source, weights, name)):
                yield _as_described(declared, model.ref, weights, name, consumer, device, settings, policy)


def _with_device(device: Device, offers: Sequence[Offer]) -> Sequence[Offer]:
    """Those with builds for it; all if none has any, since a reader expects to be told of them."""
    return [offer for offer in offers if device in offer.devices] or offers


def _as_described(
    declared: Described,
    model: ModelRef,
    weights: WeightsFormat,
    name: str,
    consumer: Consumer,
    device: Device,
    settings: dict[str, str],
    policy: Policy,
) -> PlannedCell | LeftOut:
    """The cell in what the author declares; its packages are those for the CPU."""
    environment = declared.environment
    what = f"{model.id} · {weights.value} · {name} · as described"
    if environment is None:
        return LeftOut(what=what, why=declared.left_out)
    if device is not Device.CPU:
        return LeftOut(what=f"{what} · {device.value}", why="environments as described are built for cpu")
    cell = _cell(model, weights, name, declared.version, environment, device)
    why = f"{name} opens {weights.value} in what the author declares"
    planned = (
        _settled(cell, consumer, why, settings, declared.refused)
        if declared.refused
        else _decided(cell, consumer, why, settings, policy)
    )
    return msgspec.structs.replace(planned, notes=declared.notes)


def _unreadable(
    model: Unreadable, consumer: str, offers: Sequence[Offer], settings: dict[str, str]
) -> PlannedCell:
    newest = _versions(consumer, [offer for offer in offers if consumer in offer.consumers])[-1]
    cell = _cell(model.ref, None, consumer, newest, None, Device.CPU)
    settled = Settled(reason=model.reason.slug, message=model.message)
    # Its id may be no more than a folder's name: two such models differ by their place alone.
    settings = {**settings, "source": model.ref.source}
    return _settled(cell, None, "the model cannot be read", settings, settled)


def _cell(
    model: ModelRef,
    weights: WeightsFormat | None,
    consumer: str,
    version: str,
    environment: EnvironmentRef | None,
    device: Device,
) -> Cell:
    return Cell(
        model=model,
        weights_format=weights,
        consumer=ConsumerRef(name=consumer, version=version),
        environment=environment,
        device=device,
    )


def _versions(consumer: str, offered: Sequence[Offer]) -> list[str]:
    """Every version of the tool itself, the newest last; one without a name if there is none."""
    found = {offer.consumers[consumer].partition("+")[0] for offer in offered}
    return sorted(found, key=_in_order) or [""]


def _in_order(version: str) -> tuple[int, ...]:
    """Sorts 0.11 after 0.9."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _decided(
    cell: Cell, consumer: Consumer, why: str, settings: dict[str, str], policy: Policy
) -> PlannedCell:
    """The cell with its key; what the policy says of it is part of what the key covers."""
    if settled := untested(consumer, cell.consumer.version):
        return _settled(cell, consumer, why, settings, settled)
    said = policy.deciding_for(cell)
    key = cell_key(cell, settings={**settings, **({"policy": said} if said else {})})
    return PlannedCell(key=key, cell=cell, depth=consumer.DEPTH, why=why, level=consumer.LEVEL, policy=said)


def _why_settled(settled: Settled) -> str:
    return "not supported by the tool" if settled.reason else "the description says it all"


def _settled(
    cell: Cell, consumer: Consumer | None, why: str, settings: dict[str, str], settled: Settled
) -> PlannedCell:
    """The cell with its key; the verdict is part of what the key covers. Without a tool: of no one tool."""
    key = cell_key(cell, settings={**settings, "settled": f"{settled.reason}: {settled.message}"})
    planned = PlannedCell(key=key, cell=cell, depth=Depth.STATIC, why=why, settled=settled)
    if consumer is None:
        return planned
    return msgspec.structs.replace(planned, depth=consumer.DEPTH, level=consumer.LEVEL)
