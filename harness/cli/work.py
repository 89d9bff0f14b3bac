"""What a run has to do: its plan, new or stored, and the rules that hold."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from harness.cli import options
from harness.cli.plan import THREADS, plan_for
from harness.errors import CollectionError, UsageError

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec
    from harness.plan.make import Planned
    from harness.policy import Policy


class Work(NamedTuple):
    """What there is to do, and by which rules."""

    planned: Planned
    specs: dict[str, EnvironmentSpec]
    policy: Policy
    repeat: int


def work_for(
    args: argparse.Namespace,
    on_likely: Callable[[EnvironmentSpec, str], None] = lambda _spec, _consumer: None,
) -> Work:
    """The plan with its models, the environments and the policy; a plan that was made here is stored.

    Args:
        on_likely: hears, while a plan is made, of an environment and a consumer that it will likely need.

    Raises:
        UsageError: the options do not fit together, or a stored plan is out of date.
    """
    from harness import jsonio

    if args.plan is not None:
        return _stored(args)
    policy = options.policy_for(args)
    repeat = options.repeat_for(args, policy)
    planned, specs = plan_for(args, policy, repeat=repeat, on_likely=on_likely)
    jsonio.write(args.output / "plan.json", planned.plan)
    return Work(planned, specs, policy, repeat)


def _stored(args: argparse.Namespace) -> Work:
    """A plan that was made before; everything that its keys cover must be what it was."""
    from harness.cli.progress import reading
    from harness.environments.spec import load_all
    from harness.execute.deciding import deciding_settings
    from harness.plan.make import Planned, declared_by, models_of
    from harness.plan.plan import read_plan

    asked = (args.collection, *args.select, *args.consumer, *args.weights, *(args.device or ()))
    if any(asked) or args.repeat > 1 or args.as_described:
        raise UsageError(
            f"{args.plan}: a plan holds its own selection; leave out COLLECTION, --select, --weights, "
            "--consumer, --device, --repeat and --as-described"
        )
    plan = read_plan(args.plan)
    policy = options.policy_of(plan.collection, args.policy)
    repeat = int(plan.settings.get("repeat", "1"))
    if plan.settings != deciding_settings(threads=THREADS, repeat=repeat, policy=policy):
        raise UsageError(
            f"{args.plan}: the harness or the policy is not what it was when the plan was made; make it again"
        )
    specs = load_all(options.environments_folder(args.environments))
    with reading() as on_model:
        try:
            models = models_of(plan, verify_files=args.verify_files, on_model=on_model)
        except CollectionError as error:
            raise UsageError(f"{args.plan}: {error}; run it where the plan was made") from error
    if any(environment.as_described for environment in plan.environments):
        specs = {**specs, **declared_by(models, specs)}
    for environment in plan.environments:
        if environment.name not in specs or specs[environment.name].ref(environment.backend) != environment:
            raise UsageError(
                f"{args.plan}: environment {environment.name} is not what it was; make the plan again"
            )
    return Work(Planned(plan, models), specs, policy, repeat)
