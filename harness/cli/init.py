"""``harness init``: the repository of a new zoo, whose workflows call those of the harness."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from harness.errors import ExitCode, UsageError

_TEMPLATES = Path(__file__).with_name("new_zoo")
_NAME = r"[A-Za-z0-9][A-Za-z0-9-]*"
_SOURCE = re.compile(rf"(?P<repository>{_NAME}/(?!\.{{1,2}}@)[A-Za-z0-9._-]+)@(?P<commit>[0-9a-f]{{40}})")
_OWNER = re.compile(rf"@{_NAME}(?:/[A-Za-z0-9._-]+)?")
# template: file. Names that begin with a dot would hide the templates from those who read them.
_FILES = {
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "collection/README.md": "collection/README.md",
    "collection/policy.toml": "collection/policy.toml",
    "github/CODEOWNERS": ".github/CODEOWNERS",
    "github/dependabot.yml": ".github/dependabot.yml",
    "github/workflows/command.yml": ".github/workflows/command.yml",
    "github/workflows/nightly.yml": ".github/workflows/nightly.yml",
    "github/workflows/pull-request.yml": ".github/workflows/pull-request.yml",
    "github/workflows/pull-request-report.yml": ".github/workflows/pull-request-report.yml",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the repository; made if it is not there")
    parser.add_argument(
        "--harness",
        type=_source,
        required=True,
        metavar="OWNER/NAME@COMMIT",
        help="the harness whose workflows are called; the commit in full, 40 digits: git rev-parse HEAD",
    )
    parser.add_argument(
        "--owner",
        type=_owner,
        metavar="@ORG/TEAM",
        help="team or person whose review GitHub asks for where policy or workflows change "
        "(default: nobody; no CODEOWNERS is written)",
    )


def main(args: argparse.Namespace) -> int:
    """Write every file, or none if one of them is there already; say what to do next."""
    from harness import jsonio

    _check(args.folder)
    written = contents(*args.harness, owner=args.owner or "")
    files = {args.folder / path: text for path, text in written.items()}
    if there := next((path for path in files if path.exists()), None):
        raise UsageError(
            f"{there}: is there already; nothing was written: choose another folder or remove it"
        )
    for path, text in files.items():
        jsonio.write_bytes(path, text.encode())
        print(path)  # noqa: T201
    print(_NEXT.format(folder=args.folder))  # noqa: T201
    return int(ExitCode.SATISFIED)


def contents(repository: str, commit: str, *, owner: str = "") -> dict[str, str]:
    """All files by their path in the new repository.

    Args:
        repository: OWNER/NAME of the harness.
        commit: whose workflows are called.
        owner: who reviews policy and workflows, as CODEOWNERS names them; without one there is no such file.
    """
    import jinja2

    import harness

    templates = jinja2.Environment(  # noqa: S701  no markup
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        variable_start_string="<<",  # GitHub's own expressions have braces
        variable_end_string=">>",
    )
    values = {"repository": repository, "commit": commit, "version": harness.__version__, "owner": owner}
    return {
        path: templates.get_template(name).render(values)
        for name, path in _FILES.items()
        if owner or name != "github/CODEOWNERS"
    }


def _check(folder: Path) -> None:
    """Raises UsageError where a file is in the way of the folder."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        raise UsageError(f"{there}: is no folder; nothing was written: choose another DIR")


def _source(text: str) -> tuple[str, str]:
    found = _SOURCE.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not OWNER/NAME@COMMIT with all 40 digits of a commit")
    return found["repository"], found["commit"]


def _owner(text: str) -> str:
    if not _OWNER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither @ORGANISATION/TEAM nor @PERSON")
    return text


_NEXT = """
next, in {folder}:
  put models into collection/, one folder or .zip package each, and run them: harness run
  git init, commit, and push it to GitHub
then do at GitHub what README.md says under "Once, at GitHub\""""
