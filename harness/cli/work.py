"""What a run has to do: its plan, new or stored, and the rules that hold."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.cli import options
from harness.cli.plan import THREADS, plan_for
from harness.errors import CollectionError, UsageError

if TYPE_CHECKING:
    from harness.environments.spec import EnvironmentSpec
    from harness.isolation import Level
    from harness.plan.make import Planned
    from harness.plan.plan import Plan
    from harness.policy import Policy


class Rules(NamedTuple):
    """What holds for a run, as options and policy say; and the stored plan that it is about, if it is."""

    policy: Policy
    repeat: int
    isolation: Level | Literal["auto"]
    plan: Plan | None


class Work(NamedTuple):
    """What there is to do."""

    planned: Planned
    specs: dict[str, EnvironmentSpec]


def rules_for(args: argparse.Namespace) -> Rules:
    """The rules of a run.

    Raises:
        ConfigurationError: the policy or the stored plan cannot be read.
        UsageError: the options do not fit together or to the policy.
    """
    from harness.plan.plan import read_plan

    if args.plan is None:
        policy = options.policy_for(args)
        isolation = policy.isolation.chosen(options.isolation_for(args.isolation, args.backend))
        return Rules(policy, options.repeat_for(args, policy), isolation, None)
    asked = (args.collection, *args.select, *args.consumer, *args.weights, *(args.device or ()))
    if any(asked) or args.repeat > 1 or args.as_described or args.versions:
        raise UsageError(
            f"{args.plan}: a plan holds its own selection; leave out COLLECTION, --select, --weights, "
            "--consumer, --device, --repeat, --versions and --as-described"
        )
    plan = read_plan(args.plan)
    policy = options.policy_of(plan.collection, args.policy)
    repeat = int(plan.settings.get("repeat", "1"))
    level = args.isolation
    for environment in plan.environments:
        level = options.isolation_for(level, environment.backend)
    return Rules(policy, repeat, policy.isolation.chosen(level), plan)


def work_for(
    args: argparse.Namespace, rules: Rules, on_likely: Callable[[EnvironmentSpec, str], None]
) -> Work:
    """The plan with its models, and the environments; a plan that was made here is stored.

    Args:
        on_likely: hears, while a plan is made, of an environment and a consumer that it will likely need.

    Raises:
        UsageError: a stored plan is out of date.
    """
    from harness import jsonio

    if rules.plan is not None:
        return _stored(args, rules.plan, rules.policy, rules.repeat)
    planned, specs = plan_for(args, rules.policy, repeat=rules.repeat, on_likely=on_likely)
    jsonio.write(args.output / "plan.json", planned.plan)
    return Work(planned, specs)


def _stored(args: argparse.Namespace, plan: Plan, policy: Policy, repeat: int) -> Work:
    """A plan that was made before; everything that its keys cover must be what it was."""
    from harness.cli.progress import reading
    from harness.environments.spec import load_all
    from harness.execute.deciding import deciding_settings
    from harness.plan.make import Planned, declared_by, models_of

    settings = deciding_settings(threads=THREADS, repeat=repeat, policy=policy)
    if plan.settings != settings or not plan.is_decided_by(policy):
        raise UsageError(
            f"{args.plan}: the harness or the policy is not what it was when the plan was made; make it again"
        )
    specs = load_all(options.environments_folder(args.environments))
    with reading() as on_model:
        try:
            models = models_of(plan, verify_files=options.verify_files_for(args, policy), on_model=on_model)
        except CollectionError as error:
            raise UsageError(f"{args.plan}: {error}; run it where the plan was made") from error
    if any(environment.as_described for environment in plan.environments):
        specs = {**specs, **declared_by(models, specs, plan)}
    for environment in plan.environments:
        if environment.name not in specs or specs[environment.name].ref(environment.backend) != environment:
            raise UsageError(
                f"{args.plan}: environment {environment.name} is not what it was; make the plan again"
            )
    return Work(Planned(plan, models), specs)
