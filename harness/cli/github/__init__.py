"""``harness github``: the GitHub side, thin enough to be called from one step of a workflow."""

from __future__ import annotations

import argparse
import importlib

from harness.cli.subcommand import add_subcommand

# name: (one line of help, example); each is a module with ``add_arguments`` and ``main``
COMMANDS: dict[str, tuple[str, str]] = {
    "matrix": (
        "plan what a push or pull request asks for, and share it out to jobs",
        "harness github matrix --base main --output plan",
    ),
    "take": (
        "check what the jobs of a plan hand over, and put it together",
        "harness github take plan shards --output reports",
    ),
    "summary": (
        "append what a job found to the page of its run",
        "harness github summary --output reports",
    ),
    "fetch": (
        "unpack the plan and the shards of another run, as data of strangers",
        "GITHUB_TOKEN=$(gh auth token) harness github fetch --repository OWNER/NAME --run-id 4711",
    ),
    "begin": (
        "say that the commit of a pull request is being tested",
        "harness github begin",
    ),
    "checks": (
        "set the commit status and the check run of a pull request",
        "harness github checks --output reports",
    ),
    "comment": (
        "leave one comment and one label on a pull request",
        "harness github comment --output reports",
    ),
    "issues": (
        "one issue for each reason for which a tool fails, where the policy asks for it",
        "harness github issues --output reports",
    ),
    "command": (
        "do what a comment asks for that begins with /harness",
        "harness github command    # in a job that a comment started",
    ),
    "publish": (
        "add a ledger to the published one, a branch of its own",
        "harness github publish --output reports",
    ),
    "published": (
        "get the published ledger into a folder",
        "harness github published --output published",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands."""
    commands = parser.add_subparsers(dest="github_command", required=True, metavar="COMMAND")
    for name, (summary, example) in COMMANDS.items():
        command = add_subcommand(commands, name, summary, example)
        importlib.import_module(f"harness.cli.github.{name}").add_arguments(command)


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    module = importlib.import_module(f"harness.cli.github.{args.github_command}")
    code: int = module.main(args)
    return code
