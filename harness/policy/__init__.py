"""Policy as reviewed data: which cells gate, what is waived until when, limits, and bounds of tolerance.

One TOML file (docs/policy.md). Its required checks and bounds of tolerance can change a verdict, so they are
part of each cell's key. All else decides only what a verdict means to the gate.
"""

from harness.policy.policy import DEFAULT, Level, Policy, Versions, Waiver
from harness.policy.read import FILE_NAME, decode_policy, find_policy, place_of_policy, read_policy

__all__ = [
    "DEFAULT",
    "FILE_NAME",
    "Level",
    "Policy",
    "Versions",
    "Waiver",
    "decode_policy",
    "find_policy",
    "place_of_policy",
    "read_policy",
]
