"""Which tests a worker of pytest-xdist takes at a time."""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling

# Each mode of the zoo is a long run; of that, tests of two modules look at what was left.
_OF_A_MODE = re.compile(r"tests/zoo/.*\[(sandbox|process-fresh|process|container-each|container)\b")


class ByFixtures(LoadScopeScheduling):  # type: ignore[misc]
    """A module at a time, since its tests share fixtures; but all tests of one run of the zoo."""

    def _split_scope(self, nodeid: str) -> str:
        found = _OF_A_MODE.match(nodeid)
        return f"the zoo, {found[1]}" if found else nodeid.partition("::")[0]
