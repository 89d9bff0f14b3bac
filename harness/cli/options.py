"""Options that commands share, and what they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness.cell import Backend, Device, WeightsFormat
from harness.errors import UsageError
from harness.verdict import Check

if TYPE_CHECKING:
    from harness.policy import Policy

DEFAULT_COLLECTION = "collection"


def add_output(parser: argparse.ArgumentParser) -> None:
    """``--output``: ledger, site and artifacts are below it."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="ledger in DIR/ledger, site in DIR/site, evidence in DIR/artifacts (default: reports)",
    )


def add_site(parser: argparse.ArgumentParser) -> None:
    """``--site-url``."""
    parser.add_argument(
        "--site-url",
        default="",
        metavar="URL",
        help="where the site will be published; used in badge snippets",
    )


def add_environments(parser: argparse.ArgumentParser) -> None:
    """``--environments`` and ``--backend``."""
    parser.add_argument(
        "--environments",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of environments (default: ./environments, else the harness's own)",
    )
    parser.add_argument(
        "--backend",
        type=Backend,
        choices=list(Backend),
        default=Backend.VENV,
        metavar="{venv,conda,docker}",
        help="what makes the environments (default: venv)",
    )


def isolation_for(asked: str, backend: Backend) -> str:
    """The level of isolation that is asked for, given what makes the environments; images need containers.

    Raises:
        UsageError: these do not go together.
    """
    if backend is not Backend.DOCKER or asked == "container":
        return asked
    if asked != "auto":
        raise UsageError(
            f"--isolation {asked} and --backend docker do not go together: an image runs in a container; "
            "leave out --isolation, or choose another --backend"
        )
    return "container"


def add_offline(parser: argparse.ArgumentParser) -> None:
    """``--offline``; see :func:`apply_offline`."""
    parser.add_argument(
        "--offline",
        action="store_true",
        help="download nothing: use what is cached, and say what is missing (also: HARNESS_OFFLINE=1)",
    )


def apply_offline(args: argparse.Namespace) -> None:
    """Switch downloads off if that was asked for."""
    from harness import network

    if args.offline:
        network.go_offline()


def add_collection(parser: argparse.ArgumentParser) -> None:
    """The collection and what is selected of it."""
    parser.add_argument(
        "collection",
        nargs="?",
        default=None,  # DEFAULT_COLLECTION, but `run --plan` must know whether it was given
        metavar="COLLECTION",
        help="folder of models, one model's folder, an rdf.yaml, a .zip package, or an index.json; "
        "the last three can be URLs (default: collection)",
    )
    add_filters(parser)
    parser.add_argument(
        "--device",
        type=Device,
        choices=list(Device),
        action="append",
        metavar="{cpu,cuda}",
        help="what models compute on, repeatable (default: cpu). Cells for cuda can be planned anywhere; a "
        "run leaves them out where no GPU can be used, or records that, if the policy says required_devices",
    )


def add_policy(
    parser: argparse.ArgumentParser,
    *,
    default: str = "policy.toml in the collection's folder, if there is one",
) -> None:
    """``--policy``; ``default`` says in words which it is without."""
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help=f"which cells gate, waivers, limits and bounds of tolerance (default: {default})",
    )


def add_repeat(parser: argparse.ArgumentParser) -> None:
    """``--repeat``."""
    parser.add_argument(
        "--repeat",
        type=positive,
        default=1,
        metavar="N",
        help="run the test input N times and say whether the outputs are bitwise equal, within tolerance or "
        "unstable (default: 1)",
    )


def add_as_described(parser: argparse.ArgumentParser) -> None:
    """``--as-described``."""
    parser.add_argument(
        "--as-described",
        action="store_true",
        help="run weights that name their own dependencies in those, too (default: as the policy says)",
    )


def add_versions(parser: argparse.ArgumentParser) -> None:
    """``--versions``."""
    parser.add_argument(
        "--versions",
        choices=("all", "first"),
        help="of environments with several versions: every one, or only the first, which is the one that "
        "users get (default: as the policy says, else all)",
    )


def policy_for(args: argparse.Namespace) -> Policy:
    """The policy that ``--policy`` names or that lies with the collection, else the default one."""
    return policy_of(args.collection or DEFAULT_COLLECTION, args.policy)


def policy_of(collection: str, chosen: Path | None) -> Policy:
    """See :func:`policy_for`."""
    from harness.policy import DEFAULT, find_policy, read_policy

    path = find_policy(collection, chosen)
    return DEFAULT if path is None else read_policy(path)


def repeat_for(args: argparse.Namespace, policy: Policy) -> int:
    """How often the test input runs: at least twice where the policy requires determinism."""
    repeat: int = args.repeat
    return max(repeat, 2) if Check.DETERMINISM in policy.required_checks else repeat


def verify_files_for(args: argparse.Namespace, policy: Policy) -> bool:
    """Whether every file is hashed, whatever is known of it: asked for here, or always by the policy."""
    asked: bool = args.verify_files
    return asked or policy.verify_files


def positive(text: str) -> int:
    """An argument's type: a whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 1 or more")
    return int(text)


def not_negative(text: str) -> float:
    """An argument's type: a number of 0 or more."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return number


def one_of(values: type[Enum]) -> Callable[[str], Any]:
    """An argument's type: a member by its value; the message of a wrong one lists all."""

    def read(text: str) -> Any:
        try:
            return values(text)
        except ValueError:
            known = ", ".join(member.value for member in values)
            raise argparse.ArgumentTypeError(f"{text!r} is none of {known}") from None

    return read


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Which models, tools and weights; each is repeatable."""
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="GLOB",
        help="ids of models, e.g. 'nuclei-*'; repeatable",
    )
    parser.add_argument(
        "--consumer",
        action="append",
        default=[],
        metavar="NAME",
        help="tools, or one version of a tool: NAME==VERSION; repeatable",
    )
    parser.add_argument(
        "--weights",
        type=one_of(WeightsFormat),
        action="append",
        default=[],
        metavar="FORMAT",
        help=f"weights formats ({', '.join(w.value for w in WeightsFormat)}); repeatable",
    )


def environments_folder(chosen: Path | None) -> Path:
    """The folder of environments: as chosen, else of this folder, this checkout, or this installation."""
    package = Path(harness.__file__).parent
    candidates = (Path("environments"), package.parent / "environments", package / "data" / "environments")
    return chosen or next((folder for folder in candidates if folder.is_dir()), candidates[0])


def default_jobs() -> int:
    """As many cells at a time as there are processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
