"""A local double of GitHub's API: it has state, keeps GitHub's own description, and fails on demand."""

from tests.github.double.faults import Fault
from tests.github.double.server import Double
from tests.github.double.state import OWNER, REPOSITORY, State

__all__ = ["OWNER", "REPOSITORY", "Double", "Fault", "State"]
