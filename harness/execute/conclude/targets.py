"""What each produced array is compared with: a described output, or an attached file."""

from __future__ import annotations

from typing import NamedTuple

from harness.collection.description import Tensor
from harness.collection.fault import ModelFault
from harness.collection.model import Model
from harness.collection.named_files import NamedFile
from harness.collection.tensors import Array, open_array
from harness.execute.conclude.evidence import ProducedOutput, ResultEvent
from harness.verdict import Reason, Verdict

_AXES = ("z", "y", "x")


class Target(NamedTuple):
    """What one array is compared with, as if it was described."""

    tensor: Tensor
    expected: Array


def targets_of(result: ResultEvent, model: Model) -> tuple[Target, ...] | Verdict:
    """One target for each produced array; or why there is none.

    Arrays of which the worker says nothing are the described outputs, in their order: all, or if others are
    compared with files, maybe none.
    """
    plain = [output for output in result.outputs if not output.expected]
    described = model.description.outputs
    only_files = bool(result.outputs) and not plain
    if len(plain) != len(described) and not only_files:
        message = f"{len(plain)} outputs were produced, {len(described)} are described"
        return Verdict.because(Reason.WRONG_OUTPUT_COUNT, message)
    in_order = iter(described)
    found: list[Target] = []
    for output in result.outputs:
        if output.expected:
            target = _attached(output, model)
            if isinstance(target, Verdict):
                return target
            found.append(target)
        else:
            tensor = next(in_order)
            found.append(Target(tensor, model.test_tensor(tensor)))
    return tuple(found)


def _attached(output: ProducedOutput, model: Model) -> Target | Verdict:
    file = next((f for f in model.description.files if f.is_expected and f.source == output.expected), None)
    if file is None:
        message = f"output {output.name}: {output.expected!r} is no attachment that is called expected_*"
        return Verdict.because(Reason.REPLY_MALFORMED, message)
    try:
        expected = open_array(model.paths[file.source], file)
    except ModelFault as fault:
        return Verdict.because(fault.reason, fault.message)
    return Target(_as_tensor(output, file, expected), expected)


def _as_tensor(output: ProducedOutput, file: NamedFile, expected: Array) -> Tensor:
    return Tensor(
        id=output.name,
        axes=_AXES[-expected.ndim :]
        if expected.ndim <= len(_AXES)
        else tuple(map(str, range(expected.ndim))),
        dtype=str(expected.dtype),
        test_tensor=file,
        label_map=output.labels,
    )
