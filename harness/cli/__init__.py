"""Arguments in, one call, exit code out. Each command is a module with ``add_arguments`` and ``main``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import harness
from harness.cli.subcommand import add_subcommand
from harness.errors import ExitCode, HarnessError, disk_is_full

# name: (module, one line of help, example); modules are imported when their command runs
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": (
        "run",
        "plan, build environments, run every cell, record, write the site",
        "harness run collection --select 'nuclei-*' --weights onnx",
    ),
    "plan": (
        "plan",
        "write plan.json and say why each cell is in it or left out",
        "harness plan collection --output /tmp/reports",
    ),
    "results": (
        "results",
        "the newest record of every cell",
        "harness results --format csv --status failed",
    ),
    "compare": (
        "compare",
        "what regressed, was fixed, is new or gone: between versions of a tool, environments or runs",
        "harness compare careamics==0.3.4 careamics==0.3.5",
    ),
    "gate": (
        "gate",
        "apply the policy to plan and ledger, print the decision and the rule that decided",
        "harness gate --output reports --explain",
    ),
    "reproduce": (
        "reproduce",
        "run a recorded cell again in its locked environment and compare with the record",
        "harness reproduce 3f2a9c71 --output reports",
    ),
    "scan": (
        "scan",
        "look for dangerous content in a model without running anything",
        "harness scan path/to/model",
    ),
    "report": ("report", "rebuild site and badges from the ledger", "harness report --output reports"),
    "env": ("env", "list, lock, build, show, compare and prune environments", "harness env build pytorch"),
    "consumer": ("consumer", "list, show and begin the tools that open models", "harness consumer list"),
    "init": (
        "init",
        "write the repository of a new zoo, tested by the workflows of the harness",
        (
            "harness init my-zoo --harness "
            "OWNER/NAME@$(git ls-remote https://github.com/OWNER/NAME HEAD | cut -f1)"
        ),
    ),
    "github": (
        "github",
        "what the workflows call: plan a change, take results, say them",
        "harness github matrix --output plan",
    ),
    "doctor": (
        "doctor",
        "what this machine can do, and which levels of isolation hold on it",
        "harness doctor --isolation sandbox",
    ),
}


def run_command_line(argv: Sequence[str]) -> int:
    """Parse ``argv``, run the command, return its exit code. Never shows a traceback without --debug."""
    arguments = list(argv)
    debug = "--debug" in arguments
    try:
        parser = parser_for(arguments)
        parsed = parser.parse_args(arguments)
        module = importlib.import_module(f"harness.cli.{COMMANDS[parsed.command][0]}")
        if os.environ.get("GITHUB_ACTIONS") == "true" and parsed.command != "run":  # which folds its log
            importlib.import_module("harness.github.workflow_commands").stop_commands(os.environ)
        code: int = module.main(parsed)
    except HarnessError as error:
        if debug:
            raise
        print(f"harness: {error}", file=sys.stderr)  # noqa: T201
        return int(error.exit_code)
    except KeyboardInterrupt:
        print("harness: stopped; run the same command again to go on", file=sys.stderr)  # noqa: T201
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # `harness results | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.SATISFIED)
    except Exception as error:
        if debug:
            raise
        print(f"harness: {_unforeseen(error)}", file=sys.stderr)  # noqa: T201
        return int(ExitCode.NO_VERDICT)
    return code


def _unforeseen(error: Exception) -> str:
    """What is said of an error that no command has made a sentence of."""
    if disk_is_full(error) and isinstance(error, OSError):
        place = error.filename or "the disk"
        return f"{place}: cannot be written ({error.strerror}); free space and run the same command again"
    return f"internal error, {type(error).__name__}: {error}; run with --debug and report it"


def parser_for(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the arguments of the command that is asked for are filled in."""
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Continuous integration for the BioImage Model Zoo.",
        epilog="example:\n  harness run collection\n\n`harness COMMAND --help` explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("--version", action="version", version=f"harness {harness.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((argument for argument in arguments if argument in COMMANDS), None)
    for name, (module, summary, example) in COMMANDS.items():
        command = add_subcommand(commands, name, summary, example)
        if name == asked:
            importlib.import_module(f"harness.cli.{module}").add_arguments(command)
    return parser
