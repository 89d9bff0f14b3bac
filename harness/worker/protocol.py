"""Read the job, append to the reply. See the package's docstring for both."""

from __future__ import annotations

import json
import os
import re
import tempfile
import traceback

VERSION = 6
EXIT_FAILED = 113  # the worker's own code failed, e.g. no room for the reply
_MAX_TEXT = 20000
_PACKAGE = os.path.dirname(os.path.abspath(__file__))


class FilesError(Exception):
    """An input cannot be read or an output cannot be written: the machine's fault, not the model's."""


class ToolError(Exception):
    """The tool itself cannot be used: its API changed, or it is a version that nobody has tested.

    A runner raises it with a message for people. It is held against no model, and ends all cells of the tool.
    """


class ToldError(Exception):
    """What went wrong in a process of the tool's own, as that told it.

    Args:
        kind: its word for the error, such as the name of a class.
        trace: where it was, in the tool's own words.
        missing_module: what could not be imported, if that is what went wrong.
    """

    def __init__(
        self, kind: str, message: str, trace: str = "", *, missing_module: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace
        self.missing_module = missing_module


class RefusedError(Exception):
    """The tool itself says that it does not take this model; a runner raises it in the tool's words."""


class Job:
    """The job as read from its file; raises ValueError for another version of the protocol."""

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        if content["protocol"] != VERSION:
            raise ValueError("protocol {} is not {}".format(content["protocol"], VERSION))
        folder = os.path.dirname(os.path.abspath(path))
        self.runner = content["runner"]
        self.description = os.path.join(folder, content["description"])
        self.weights = os.path.join(folder, content["weights"])
        self.weights_format = content["weights_format"]
        self.device = content["device"]
        self.threads = content["threads"]
        self.check = content.get("check", False)
        self.reply = os.path.join(folder, content["reply"])
        self.inputs = content.get("inputs", [])
        self.outputs = content.get("outputs", [])
        self.tasks = [
            dict(
                task,
                inputs=[os.path.join(folder, name) for name in task["inputs"]],
                outputs=os.path.join(folder, task["outputs"]),
            )
            for task in content["tasks"]
        ]


class Reply:
    """Appends one event a line; whatever ends the process, it is in the file then. A context manager."""

    def __init__(self, path: str) -> None:
        self._stream = open(path, "a", encoding="utf-8")

    def __enter__(self) -> Reply:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def send(self, event: str, **fields: object) -> None:
        """Append one event."""
        self._stream.write(json.dumps(dict(fields, event=event)) + "\n")
        self._stream.flush()

    def error(self, stage: str, task: str | None, error: BaseException) -> None:
        """Append what went wrong in a stage, in a task or before any (None)."""
        chain = _chain(error)
        frames = traceback.extract_tb(chain[-1].__traceback__)
        innermost = frames[-1] if frames else None
        every = [frame for e in chain for frame in traceback.extract_tb(e.__traceback__)]
        own = [frame for frame in every if _is_of_model(frame.filename)]
        shown = own[-1] if own else innermost
        told = isinstance(chain[-1], ToldError)
        trace = traceback.format_exception(type(error), error, error.__traceback__)
        trace += [e.trace for e in chain if isinstance(e, ToldError)]
        self.send(
            "error",
            stage=stage,
            task=task,
            type=_kind(error),
            message=_cut(str(error)),
            missing_module=next((name for name in map(_missing_module, chain) if name), None),
            causes=[_cut("{}: {}".format(_kind(e), e)) for e in chain],
            traceback=_cut("".join(trace)),
            where="{}, line {}, in {}".format(_short(shown.filename), shown.lineno, shown.name)
            if shown and not told
            else "",
            tool=any(isinstance(e, ToolError) for e in chain),
            in_worker=not told and innermost is not None and innermost.filename.startswith(_PACKAGE),
        )


def _kind(error: BaseException) -> str:
    return error.kind if isinstance(error, ToldError) else type(error).__name__


def _missing_module(error: BaseException) -> str | None:
    if isinstance(error, ToldError):
        return error.missing_module
    return error.name if isinstance(error, ModuleNotFoundError) else None


def _is_of_model(filename: str) -> bool:
    """Whether the file is in the temporary folder, where the tool puts the code of a model."""
    return filename.startswith(tempfile.gettempdir() + os.sep)


def _short(filename: str) -> str:
    """A file as its author knows it: no folder of this machine, no digest that the tool added to its name."""
    if _is_of_model(filename):
        return re.sub("_[0-9a-f]{64}(?=[.])", "", os.path.basename(filename))
    if filename.startswith(_PACKAGE):
        return os.path.relpath(filename, os.path.dirname(_PACKAGE))
    return filename.replace(os.sep, "/").rsplit("/site-packages/", 1)[-1]


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what led to it, the members of exception groups too, outermost first."""
    chain: list[BaseException] = []
    queue = [error]
    while queue and len(chain) < 20:
        current = queue.pop(0)
        if current in chain:
            continue
        chain.append(current)
        queue.extend(getattr(current, "exceptions", ()))
        cause = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if cause is not None:
            queue.append(cause)
    return chain


def _cut(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair is no text
    if len(text) <= _MAX_TEXT:
        return text
    half = _MAX_TEXT // 2
    return text[:half] + "\n[...]\n" + text[-half:]
