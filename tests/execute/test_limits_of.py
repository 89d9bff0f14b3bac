"""The limits of a cell grow with what it has to compute."""

from __future__ import annotations

import msgspec

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.variants import Size, Variant
from harness.execute.limits_of import limits_of
from harness.limits import DEFAULTS, Limits

TORCH = WeightsFormat.TORCHSCRIPT
GIB = 1024**3


def limits(model: Model, **layers: Limits) -> Limits:
    given = {name: layers.get(name, Limits()) for name in ("environment", "policy", "asked")}
    return limits_of(model, TORCH, **given)


def with_variant(model: Model, side: int) -> Model:
    """A model that promises to work on images of that size, too."""
    shape = (1, 1, side, side)
    sizes = tuple(Size(min=size, max=size) for size in shape)
    variant = Variant(name=f"side={side}", inputs=(shape,), outputs=(sizes,))
    described = msgspec.structs.replace(model.description, variants=(variant,))
    return msgspec.structs.replace(model, description=described)


def test_a_small_model_has_the_defaults(model: Model) -> None:
    assert limits(model) == DEFAULTS
    assert limits(with_variant(model, 64)) == DEFAULTS


def test_what_it_promises_to_work_on_counts_too(model: Model) -> None:
    memory = limits(with_variant(model, 8000)).memory_bytes
    assert memory is not None
    assert memory >= 100 * (1 + 4) * 8000**2 > 8 * GIB  # one byte in, four out


def test_the_later_layer_wins(model: Model) -> None:
    large = with_variant(model, 8000)
    low, high = Limits(memory_bytes=GIB, seconds=1), Limits(seconds=2)
    assert limits(large, environment=low).memory_bytes != GIB
    assert limits(large, environment=low, policy=low, asked=high) == msgspec.structs.replace(
        DEFAULTS, memory_bytes=GIB, seconds=2
    )
