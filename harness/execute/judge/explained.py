"""Whether a supposed cause explains the difference of two arrays."""

from __future__ import annotations

import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array
from harness.execute.judge.paired_sample import differs

FEWEST = 16  # differing elements; what fits fewer may fit by chance
_LEFT = 0.01  # of the differing elements may still differ
_RESIDUAL = 0.01  # of the difference, root mean square, may be left where more elements still differ
_UNLIKE = 0.1  # of the produced array's variation, root mean square, may be left then


def explains(supposed: Array, produced: Array, expected: Array, tolerance: Tolerance) -> bool:
    """Whether ``produced`` is ``supposed`` rather than ``expected`` (all of one shape).

    Either next to no element differs from ``supposed``, or what is left is tiny beside the difference. It
    must be small beside the variation of ``produced``, too: what hardly varies is near to many an array.
    """
    before = int(np.count_nonzero(differs(produced, expected, tolerance)))
    if before < FEWEST:
        return False
    left = differs(produced, supposed, tolerance)
    count = np.count_nonzero(left)
    difference, residual = _power(produced - expected), _power(produced - supposed)
    variation = _variation(produced)
    if count <= _LEFT * before and residual <= min(difference, variation) / 4:
        return True
    not_finite = left & ~(np.isfinite(produced) & np.isfinite(supposed))
    near = residual <= _RESIDUAL**2 * difference and residual <= _UNLIKE**2 * variation
    return bool(near and np.count_nonzero(not_finite) <= _LEFT * before)


def _variation(array: Array) -> float:
    """The sum of squared deviations from the mean of what is finite."""
    finite = array[np.isfinite(array)]
    return _power(finite - finite.mean()) if finite.size else 0.0


def _power(difference: Array) -> float:
    """The sum of squares of what is finite."""
    finite = np.where(np.isfinite(difference), difference, 0.0).ravel()
    return float(finite @ finite)
