"""What Python files import, for people who review a model. They are parsed, never run."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path, PurePosixPath

import msgspec

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.plain_text import one_line

_MAX_BYTES = 1024**2
_SHOWN = 20


class SourceImports(msgspec.Struct, frozen=True, kw_only=True):
    """The modules that a file names in import statements, sorted; or why it cannot be parsed.

    Code can import without a statement: this is a hint where to look, no check.
    """

    file: str
    imports: tuple[str, ...] = ()
    problem: str = ""

    @property
    def words(self) -> str:
        """One line: "unet2d.py imports torch, torch.nn"."""
        if self.problem:
            return one_line(f"{self.file} {self.problem}")
        more = len(self.imports) - _SHOWN
        others = f" and {more} more" if more > 0 else ""
        shown = ", ".join(self.imports[:_SHOWN]) or "nothing"
        return f"{one_line(f'{self.file} imports {shown}')}{others}"


def sources_of(model: Model, weights_format: WeightsFormat) -> tuple[SourceImports, ...]:
    """Every Python file that these weights bring along: architecture, processing, attachments."""
    names = dict.fromkeys(file.source for file in model.description.files_for(weights_format))
    python = [name for name in names if PurePosixPath(name.partition("?")[0]).suffix == ".py"]
    return tuple(imports_of(name, model.paths[name]) for name in python)


def imports_of(file: str, path: Path) -> SourceImports:
    """The imports of a Python file; ``file`` is its name in the result."""
    try:
        with path.open("rb") as stream:
            source = stream.read(_MAX_BYTES + 1)
        if len(source) > _MAX_BYTES:
            return SourceImports(file=file, problem=f"is more than {_MAX_BYTES >> 20} MiB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in the code
            tree = ast.parse(source)
            found = {name for node in ast.walk(tree) for name in _names(node)}
    except OSError as error:
        return SourceImports(file=file, problem=f"cannot be read ({error.strerror})")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return SourceImports(file=file, problem=f"is no Python that can be parsed ({error})")
    return SourceImports(file=file, imports=tuple(sorted(found)))


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return []
