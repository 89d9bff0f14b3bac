"""``harness github take``: check what the jobs of a plan hand over, and put it together."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import ConfigurationError, ExitCode, RefusedError, UsageError
from harness.job_names import shard_of

if TYPE_CHECKING:
    from harness.ledger.foreign.records import Terms
    from harness.ledger.foreign.shard import Shard
    from harness.plan.plan import Plan

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST_CHANGE = 16 * 1024**2
_LARGEST_RECIPE = 8 * 1024**2
_MOST_RECIPES = 1000
_LARGEST_FETCHED = 16 * 1024**2
_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("plan", type=Path, metavar="PLAN_FOLDER", help="holds plan.json and change.json")
    parser.add_argument(
        "shards",
        type=Path,
        nargs="*",
        default=[],  # else a message says that they are required
        metavar="SHARD_FOLDER",
        help="shard-K-of-N, with ledger and artifacts of `harness run --shard K/N`; or a folder of such, as "
        "`harness github fetch` makes it",
    )
    parser.add_argument(
        "--plan-digest", type=_digest, metavar="SHA256", help="refuse a plan.json with another digest"
    )
    parser.add_argument(
        "--shards-planned",
        type=options.positive,
        metavar="N",
        help="refuse folders of another number of shards, and pass over those that only lie in a folder with "
        "others (default: the number that all their names agree on)",
    )
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Write DIR; what is refused is said, and its cells have no record, which is for the gate to decide."""
    from harness.cli.progress import QuietConsole
    from harness.ledger.foreign.take import REFUSED, take
    from harness.ledger.moment import for_names
    from harness.plan.plan import LARGEST_BYTES

    data = _read(args.plan, "plan.json", LARGEST_BYTES)
    plan = _plan(data, args.plan / "plan.json", args.plan_digest)
    folders, left_out = _folders(args.shards, args.shards_planned)
    shards = _shards(folders, plan, args.shards_planned)
    recipes, refused = _recipes(plan, folders)
    taken = take(
        shards,
        _terms(plan),
        args.output,
        name=for_names(plan.created_at),
        beside={"plan.json": data, **_change(args.plan), **recipes, **_survey(plan)},
        refused=[*_not_fetched(args.shards), *left_out, *refused],
    )
    console = QuietConsole(highlight=False)
    for sentence in taken.refused[:_SHOWN]:
        console.out(f"refused: {sentence}")
    if (more := len(taken.refused) - _SHOWN) > 0:
        console.out(f"… and {more:,} more refused; see {args.output / REFUSED}")
    count = len(shards)
    console.out(
        f"{taken.records:,} of {len(plan.cells):,} planned cells have a record from {count} "
        f"shard{'s' * (count != 1)}; {taken.blamed_again:,} blamed again, {len(taken.refused):,} refused"
    )
    return int(ExitCode.SATISFIED)


def _plan(data: bytes, path: Path, digest: str | None) -> Plan:
    from harness.plan.plan import decode_plan

    found = hashlib.sha256(data).hexdigest()
    if digest is not None and found != digest:
        raise RefusedError(
            f"{path}: is not the plan of this run: its digest is {found}, not {digest}; nothing was taken"
        )
    plan = decode_plan(data, origin=str(path))
    if len({entry.key for entry in plan.cells}) != len(plan.cells):
        raise ConfigurationError(f"{path}: field cells: a key is there twice; make the plan again")
    return plan


def _change(folder: Path) -> dict[str, bytes]:
    """``change.json`` written anew, so that nothing is in it that is not known; nothing if there is none."""
    from harness import change, jsonio

    if not (folder / "change.json").exists():
        return {}
    data = _read(folder, "change.json", _LARGEST_CHANGE)
    found = jsonio.loads(data, change.Change, origin=str(folder / "change.json"))
    if found.schema != change.SCHEMA:
        raise ConfigurationError(
            f"{folder / 'change.json'}: field schema: is {found.schema}, this harness reads {change.SCHEMA}"
        )
    return {"change.json": jsonio.dumps(found, indent=2)}


def _recipes(plan: Plan, folders: Sequence[Path]) -> tuple[dict[str, bytes], list[str]]:
    """What the plan's environments are made of, as shards stored it; nobody can forge what a digest is of."""
    from harness.environments import recipe
    from harness.ledger.foreign.files import list_files, read_file

    wanted = {f"{environment.digest}.json": environment.digest for environment in plan.environments}
    place = f"ledger/{recipe.FOLDER}"
    found: dict[str, bytes] = {}
    refused = []
    for folder in folders:
        try:
            for name in list_files(folder, place, suffix=".json", most=_MOST_RECIPES):
                if name in wanted and f"{place}/{name}" not in found:
                    data = read_file(folder, f"{place}/{name}", most=_LARGEST_RECIPE)
                    made = recipe.decode(data, wanted[name], origin=f"{place}/{name}")
                    found[f"{place}/{name}"] = recipe.encode(made)
        except (RefusedError, ConfigurationError) as error:
            refused.append(f"{folder.name}: {error}")
    return found, refused


def _survey(plan: Plan) -> dict[str, bytes]:
    """What the plan's run saw of the collection, for the ledger to know which models are gone."""
    from harness import jsonio
    from harness.ledger.moment import for_names
    from harness.ledger.survey import FOLDER, Survey
    from harness.plan.plan import collection_name

    survey = Survey(
        collection=collection_name(plan.collection),
        at=plan.created_at,
        sources=plan.sources,
        keys=tuple(entry.key for entry in plan.cells),
    )
    begin = for_names(plan.created_at)
    return {f"ledger/{FOLDER}/{begin}-{jsonio.digest(survey)[:12]}.json": jsonio.dumps(survey, indent=2)}


def _read(folder: Path, name: str, most: int) -> bytes:
    from harness.ledger.foreign.files import read_file

    try:
        return read_file(folder, name, most=most)
    except RefusedError as error:
        raise RefusedError(f"{folder}: {error}; nothing was taken") from error


def _not_fetched(given: Sequence[Path]) -> list[str]:
    """What `harness github fetch` has left out, as it says beside the folders that it made."""
    from harness import jsonio
    from harness.github.fetch import Fetched

    return [
        sentence
        for folder in given
        if not shard_of(folder.name) and (folder / "fetched.json").exists()
        for sentence in jsonio.loads(
            _read(folder, "fetched.json", _LARGEST_FETCHED), Fetched, origin=str(folder / "fetched.json")
        ).refused
    ]


def _folders(given: Sequence[Path], count: int | None) -> tuple[list[Path], list[str]]:
    """The shards' folders, and which are left out: in a folder of them may be those of another attempt.

    Where none was handed over, there is no folder of them either.
    """
    folders: list[Path] = []
    left_out = []
    for folder in given:
        if shard_of(folder.name):
            folders.append(folder)
        elif folder.is_dir() and not folder.name.startswith("shard-"):
            for below in sorted(folder.glob("shard-*-of-*")):
                name = shard_of(below.name)
                if name and count and name.shards != count:
                    left_out.append(f"{below.name}: is of another attempt; the plan has {count} shards")
                else:
                    folders.append(below)
        elif folder.is_symlink() or folder.exists():
            raise UsageError(f"{folder}: is neither a shard's folder, shard-K-of-N, nor a folder of those")
    return folders, left_out


def _shards(folders: Sequence[Path], plan: Plan, count: int | None) -> list[Shard]:
    """The folders as parts of the plan.

    Raises:
        RefusedError: one is not named like a shard, or they do not fit together.
    """
    from harness.ledger.foreign.shard import Shard
    from harness.plan.shard import split

    named: dict[int, Path] = {}
    for folder in folders:
        name = shard_of(folder.name)
        if name is None:
            raise RefusedError(f"{folder}: is not named shard-K-of-N; nothing was taken")
        count = count or name.shards
        if name.shards != count or name.number in named:
            raise RefusedError(
                f"{folder}: is no shard of this plan, which has {count}, each once; nothing was taken"
            )
        named[name.number] = folder
    parts = split(plan.cells, count) if count and named else []
    return [
        Shard(
            name=folder.name,
            folder=folder,
            keys=frozenset(entry.key for entry in parts[index - 1].cells),
        )
        for index, folder in named.items()
    ]


def _terms(plan: Plan) -> Terms:
    import datetime

    from harness import labels
    from harness.execute.whose import WHOSE
    from harness.ledger.foreign.records import Owed, Terms
    from harness.ledger.moment import as_text
    from harness.plan.plan import collection_name

    def hints(key: str) -> frozenset[str]:
        name = described_in.get(key)
        return frozenset() if name is None else frozenset({labels.HINT_AS_DESCRIBED.format(name=name)})

    described_in = plan.described_in
    # A clock may be wrong by some hours, but nothing that claims to be newer for ever is taken.
    latest = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    return Terms(
        owed={
            entry.key: Owed(
                cell=entry.cell,
                depth=entry.depth,
                settled=entry.settled.verdict if entry.settled else None,
                hints=hints(entry.key),
            )
            for entry in plan.cells
        },
        planned_at=plan.created_at,
        latest=as_text(latest),
        collection=collection_name(plan.collection),
        run_pages=_run_pages(),
        whose=WHOSE,
    )


def _run_pages() -> str:
    """What the addresses of this repository's runs begin with, empty outside of GitHub Actions."""
    server, repository = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}/actions/runs/" if server and repository else ""


def _digest(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no sha256 of 64 hexadecimal digits")
    return text
