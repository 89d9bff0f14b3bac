"""Why cells are planned for a change, in words (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.change import Change
from harness.cli.columns import in_one_line
from harness.cli.github.asked import Asked
from harness.environments.spec import EnvironmentSpec
from harness.plan.narrow import Wanted

_SHOWN = 10  # names in a line


def wanted_of(asked: Asked, specs: Mapping[str, EnvironmentSpec]) -> tuple[Wanted | None, str]:
    """What of the whole plan is wanted, None for all of it; and why more than the models that are touched.

    Args:
        specs: the environments by name; a folder may have several versions, or be none any more.
    """
    if asked.reach is None:
        return None, f"every model: {asked.why_everything}"
    reach = asked.reach
    environments = {name for name, spec in specs.items() if spec.folder.name in reach.environments}
    folders = sorted({specs[name].folder.name for name in environments})
    reasons = []
    if reach.harness:
        files = len(reach.harness)
        reasons.append(
            f"the harness or a workflow changes ({files} file{'s' * (files != 1)}): "
            "each tool with each weights format in each environment, once"
        )
    if folders:
        reasons.append(f"environment {', '.join(folders)}: a selection of what runs in it")
    wanted = Wanted(models=frozenset(reach.models), environments=environments, harness=bool(reach.harness))
    return wanted, "; ".join(reasons)


def in_words(change: Change) -> Iterator[str]:
    """What the change touches, one line each."""
    if change.broad:
        yield f"runs: {change.broad}"
    for what, names in (
        ("touched", change.models),
        ("deleted", change.removed),
        ("for a maintainer to look at", change.review),
    ):
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield in_one_line(f"{what}: {', '.join(names[:_SHOWN])}{more}")
    if not change.relevant:
        yield "nothing that is tested changes"
