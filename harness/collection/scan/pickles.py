"""Which names a pickle imports, told from its opcodes; nothing is imported or called."""

from __future__ import annotations

import io
import pickletools
from collections.abc import Iterator
from typing import NamedTuple

from harness.collection.scan.finding import MAX_PIECE, Budget, Finding, Level, Unreadable
from harness.collection.scan.imports import Standing, standing
from harness.collection.scan.piece import Piece

# A file of torch before 1.6: five pickles, of which the first is this number, then the bytes of the tensors.
_OLD_TORCH = b"\x8a\x0a" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."
_OLD_TORCH_PICKLES = 5

_LONGEST_NAME = 500
_STEPS_TO_JUDGE = 100
_MARK = object()
_NO_TEXT = object()
_MAYBE_TEXT = object()
_PUT = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")
_GET = ("GET", "BINGET", "LONG_BINGET")
_EXTENSION = ("EXT1", "EXT2", "EXT4")
_TEXT = (
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
)  # fmt: skip


class _Import(NamedTuple):
    module: str
    name: str


_MADE_UP = None


def scan(piece: Piece, budget: Budget, *, skip: int = 0) -> Iterator[Finding]:
    """Everything that unpickling would import, in all pickles that follow each other from byte ``skip`` on.

    Raises:
        Unreadable: a pickle is damaged, cut off or too large, or something else follows it.
    """
    window = piece.prefix(skip + MAX_PIECE + 1)[skip:]
    if not window:
        raise Unreadable("it is empty")
    old_torch = window[:1] == b"\x80" and window[2:].startswith(_OLD_TORCH)
    stream = io.BytesIO(window[:MAX_PIECE])
    told: set[_Import | None] = set()
    pickles = 0
    while stream.tell() < len(window) and not (old_torch and pickles == _OLD_TORCH_PICKLES):
        start = stream.tell()
        try:
            for imported in _imports(stream, budget):
                if imported not in told:
                    told.add(imported)
                    budget.step(_STEPS_TO_JUDGE)
                    yield from _judge(piece.where, imported)
        except Unreadable:
            raise
        except Exception as error:  # pickletools raises whatever damaged bytes make it raise
            what = f"from byte {skip + start:,} on it is no whole pickle ({error})"
            if len(window) > MAX_PIECE:
                what = f"its pickles are more than {MAX_PIECE >> 20} MiB"
            raise Unreadable(what) from error
        pickles += 1
    if old_torch and pickles < _OLD_TORCH_PICKLES:
        raise Unreadable(f"it is cut off after {pickles} of {_OLD_TORCH_PICKLES} pickles")


def _judge(where: str, imported: _Import | None) -> Iterator[Finding]:
    if imported is _MADE_UP:
        yield Finding(Level.DANGER, where, "imports something whose name is only made up while it is read")
        return
    if len(imported.module) + len(imported.name) > _LONGEST_NAME:
        raise Unreadable(f"it imports a name of more than {_LONGEST_NAME} characters")
    known = standing(*imported)
    shown = f"imports {imported.module}.{imported.name}"
    if known is Standing.DANGEROUS:
        yield Finding(Level.DANGER, where, shown)
    elif known is Standing.UNKNOWN:
        yield Finding(Level.NOTE, where, f"{shown}, which weights do not need")


def _imports(stream: io.BytesIO, budget: Budget) -> Iterator[_Import | None]:
    """What one pickle imports, ``_MADE_UP`` where no text says it.

    Stack and memo are followed as the unpickler does: a name need not stand beside the opcode that uses it.
    Raises ValueError, IndexError or KeyError where the unpickler could not go on either.
    """
    stack: list[object] = []
    memo: dict[int, object] = {}
    for opcode, argument, _ in pickletools.genops(stream):
        budget.step()
        name = opcode.name
        if name in ("GLOBAL", "INST"):
            module, _, member = str(argument).partition(" ")
            yield _Import(module, member)
        elif name == "STACK_GLOBAL":
            yield _on_stack(stack)
        elif name in _EXTENSION:
            raise ValueError("it holds an extension code, which only the program that wrote it knows")
        if name in _PUT:
            memo[len(memo) if name == "MEMOIZE" else int(argument or 0)] = _top(stack)
        elif name in _GET:
            stack.append(memo[int(argument or 0)])
        elif name == "DUP":
            stack.append(_top(stack))
        elif name in _TEXT:
            stack.append(argument)
        else:
            _apply(opcode, stack)


def _top(stack: list[object]) -> object:
    if stack[-1] is _MARK:
        raise ValueError("it has a mark where an object should be")
    return stack[-1]


def _on_stack(stack: list[object]) -> _Import | None:
    module, name = stack[-2:]
    if isinstance(module, str) and isinstance(name, str):
        return _Import(module, name)
    if any(part is _MARK or part is _NO_TEXT for part in (module, name)):
        raise ValueError("it imports something whose name is no text")
    return _MADE_UP


def _apply(opcode: pickletools.OpcodeInfo, stack: list[object]) -> None:
    """What an opcode takes from the stack and puts there."""
    takes = opcode.stack_before
    if opcode.name == "POP" and stack[-1] is _MARK:
        stack.pop()
        return
    if pickletools.markobject in takes:
        takes = takes[: takes.index(pickletools.markobject)]
        while stack.pop() is not _MARK:
            pass
    bottom = len(stack) - len(takes)
    if bottom < 0 or _MARK in stack[bottom:]:
        raise ValueError(f"{opcode.name} finds too little on the stack")
    del stack[bottom:]
    for put in opcode.stack_after:
        if put is pickletools.markobject:
            stack.append(_MARK)
        else:
            stack.append(_MAYBE_TEXT if put is pickletools.anyobject else _NO_TEXT)
