"""Weights that need more than weights: code, or objects of other packages (pure)."""

from __future__ import annotations

import re

import msgspec

from harness.execute.conclude.evidence import Evidence
from harness.verdict import Verdict

_REFUSED = "Weights only load failed"  # PyTorch goes on with how to load them all the same
# For files of PyTorch before 1.6, whose imports it does not list: it names the first that it refuses.
_FIRST_REFUSED = re.compile(r"[Uu]nsupported (?:global: )?GLOBAL (\S+)")
_MODULES = "torch.nn.modules."
_SHOWN = 5


def in_words(evidence: Evidence) -> str:
    """What the weights need beyond ``weights_only=True``, and what to do; empty if they are only weights."""
    names = sorted(evidence.needs or _first_refused(evidence), key=lambda name: name.startswith(_MODULES))
    if not names:
        return ""
    whole = names[-1].startswith(_MODULES)
    what = "a whole pickled model, not a state dictionary" if whole else "more than tensors"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"the weights file holds {what}: it needs {', '.join(names[:_SHOWN])}{more}, which PyTorch does not "
        "load with weights_only=True; save model.state_dict() and nothing else"
    )


def with_needs(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Why weights were not loaded, with what they need; that alone if they were refused for it."""
    words = in_words(evidence)
    if not words:
        return verdict
    refused = any(_REFUSED in cause for cause in _causes(evidence))
    return msgspec.structs.replace(verdict, message=words if refused else f"{verdict.message}\n{words}")


def _first_refused(evidence: Evidence) -> tuple[str, ...]:
    found = (_FIRST_REFUSED.search(cause) for cause in _causes(evidence))
    return next(((match[1],) for match in found if match), ())


def _causes(evidence: Evidence) -> tuple[str, ...]:
    error = evidence.error()
    return error.causes if error else ()
