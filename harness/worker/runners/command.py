"""A tool that is a command line: started once to open the model, and once for each prediction.

It gets one more argument, a folder of its own, to which all paths are relative, with

    job.json            {"contract": 1, "action": "open" | "predict", "description": path, "weights": path,
                         "weights_format", "device", "threads",
                         "inputs": [{"name", "axes": [id, ...], "file": "inputs/NAME.npy"}, ...],
                         "outputs": [{"name", "axes", "file": "outputs/NAME.npy"}, ...]}
    model/              the description, and the files of these weights
    inputs/NAME.npy     to predict: one array for each input; for who asks, NAME.tif, too, as ImageJ reads it
    outputs/            where it writes one array for each output, of the described axes

and ends with exit code 0, or else leaves ``error.json``, {"type", "message", "trace"}. The type is the tool's
own word for it, but for two: "ToolError" says that the tool cannot be used, whatever the model is, and
"NotImplementedError" that it has not what the description asks for. Whoever writes no such file is read by
patterns in its log. See docs/command-line-consumers.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import IO, Any, Callable, NamedTuple, NoReturn, cast

from ..protocol import FilesError, Job, ToldError, ToolError
from . import python_traceback
from .ended import end_like

CONTRACT = 1
COMMAND = "HARNESS_COMMAND"  # JSON: {"argv": [...]}; set by the environment
FOLDER = "HARNESS_COMMAND_FOLDER"  # where the tool is, if it is no part of the environment
ADMISSION = "token"  # a file in that folder: what lets us in at a tool that runs elsewhere, if it asks
_TAIL = 64 * 1024  # characters of the log that are searched
_SHOWN = 12  # lines
_SAFE = re.compile(r"[^A-Za-z0-9._-]")


class Pattern(NamedTuple):
    """What a line of a tool's log means: an error of this type ("ToolError", ...).

    A type ``in_model`` holds instead where the traceback up to that line goes through the code of a model.
    What the group ``module`` of the regex matches is a module that is missing.
    """

    regex: str
    type: str
    in_model: str = ""


class Opened(NamedTuple):
    """A model that the command can open."""

    job: Job
    argv: list[str]
    patterns: tuple[Pattern, ...]
    pictures: bool


def load(job: Job, patterns: tuple[Pattern, ...] = (), *, pictures: bool = False) -> Opened:
    """Find the command and let it open the model.

    Args:
        patterns: searched from the last line of the log to the first; the first that fits decides.
        pictures: whether it wants its inputs as ``.tif``, too.

    Raises:
        ToolError: there is no such command, or it says that it cannot be used.
        ToldError: what it says.
    """
    opened = Opened(job, _argv(), patterns, pictures)
    shutil.rmtree(_run(opened, "open", []))
    return opened


def predict(opened: Opened, inputs: list[str], folder: str) -> tuple[list[dict[str, Any]], float]:
    """See the package's docstring; the seconds are those of the whole command. Raises like :func:`load`."""
    clock = time.perf_counter()
    place = _run(opened, "predict", inputs)
    seconds = time.perf_counter() - clock
    written = []
    try:
        os.makedirs(folder)
        for number, tensor in enumerate(opened.job.outputs):
            source = os.path.join(place, _file("outputs", tensor["name"]))
            if os.path.isfile(source):
                file = "{}.npy".format(number)
                shutil.move(source, os.path.join(folder, file))
                written.append({"name": tensor["name"], "file": file})
        shutil.rmtree(place)
    except OSError as error:
        raise FilesError("what the command wrote cannot be handed over: {}".format(error)) from error
    return written, seconds


def _argv() -> list[str]:
    """The command; a program with a slash in its name is in the tool's own folder."""
    argv: list[str] = json.loads(os.environ[COMMAND])["argv"]
    folder = os.environ.get(FOLDER, "")
    if folder and "/" in argv[0]:
        argv[0] = os.path.join(folder, argv[0])
    return argv


def _run(opened: Opened, action: str, inputs: list[str]) -> str:
    """Start the command in a new folder and wait for it; answers the folder."""
    folder = tempfile.mkdtemp(prefix="command-")
    _lay_out(opened, folder, action, inputs)
    try:
        process = subprocess.Popen(
            [*opened.argv, folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    except OSError as error:
        raise ToolError("{} cannot be started: {}".format(opened.argv[0], error.strerror)) from error
    log = _pass_on(process)
    code = process.wait()
    _raise_told(os.path.join(folder, "error.json"))
    missing = [t["name"] for t in opened.job.outputs if action == "predict" and not _is_there(folder, t)]
    if code or len(missing) == len(opened.job.outputs):
        _raise_by(opened.patterns, log, lambda text: _through_model(text, folder, opened.job))
    if code:
        end_like(code)
    if missing:
        words = "the command ended without an error and wrote no {}; last lines of its log:\n{}"
        shown = "\n".join(log.splitlines()[-_SHOWN:])
        raise ToldError("MissingOutput", words.format(_file("outputs", missing[0]), shown))
    return folder


def _lay_out(opened: Opened, folder: str, action: str, inputs: list[str]) -> None:
    job = opened.job
    model = os.path.dirname(job.description)
    content = {
        "contract": CONTRACT,
        "action": action,
        "description": os.path.join("model", os.path.relpath(job.description, model)),
        "weights": os.path.join("model", os.path.relpath(job.weights, model)),
        "weights_format": job.weights_format,
        "device": job.device,
        "threads": job.threads,
        "inputs": [dict(tensor, file=_file("inputs", tensor["name"])) for tensor in job.inputs],
        "outputs": [dict(tensor, file=_file("outputs", tensor["name"])) for tensor in job.outputs],
    }
    try:
        os.symlink(model, os.path.join(folder, "model"))
        for name in ("inputs", "outputs"):
            os.mkdir(os.path.join(folder, name))
        for tensor, path in zip(job.inputs, inputs):
            target = os.path.join(folder, _file("inputs", tensor["name"]))
            shutil.copyfile(path, target)
            if opened.pictures:
                from . import pictures

                pictures.write(target, tensor["axes"])
        with open(os.path.join(folder, "job.json"), "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
    except OSError as error:
        raise FilesError("the command's folder cannot be made: {}".format(error)) from error


def _file(folder: str, name: str) -> str:
    """Where an array lies; a name may hold what no file's name may."""
    return "{}/{}.npy".format(folder, _SAFE.sub("_", name).lstrip(".") or "_")


def _is_there(folder: str, tensor: dict[str, Any]) -> bool:
    return os.path.isfile(os.path.join(folder, _file("outputs", tensor["name"])))


def _pass_on(process: subprocess.Popen[bytes]) -> str:
    """Write what the command says to the cell's log as it comes; answers the end of it."""
    tail = b""
    with cast(IO[bytes], process.stdout) as stream:
        while True:
            data = os.read(stream.fileno(), 1 << 16)
            if not data:
                return tail.decode("utf-8", "replace")
            os.write(sys.stderr.fileno(), data)
            tail = (tail + data)[-_TAIL:]


def _raise_told(path: str) -> None:
    """Raise what the command wrote of an error, if it did."""
    try:
        with open(path, encoding="utf-8") as stream:
            told = json.load(stream)
        kind, message, trace = str(told["type"]), str(told["message"]), str(told.get("trace", ""))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ToolError("error.json of the command cannot be read: {!r}".format(error)) from error
    _raise(kind, message, trace)


def _raise_by(patterns: tuple[Pattern, ...], log: str, in_model: Callable[[str], bool]) -> None:
    lines = log.splitlines()
    for end in range(len(lines), 0, -1):
        line = lines[end - 1].strip()
        for pattern in patterns:
            found = re.search(pattern.regex, lines[end - 1])
            if not found:
                continue
            if not pattern.in_model or not in_model("\n".join(lines[:end])):
                _raise(pattern.type, line, log)
            own = pattern.in_model + ": "
            message = line[len(own) :] if line.startswith(own) else line
            raise ToldError(pattern.in_model, message, log, missing_module=found.groupdict().get("module"))


def _through_model(text: str, folder: str, job: Job) -> bool:
    """Whether the last traceback goes through the model's files, or where the tool puts the code of one."""
    model = os.path.join(folder, "model")
    # What else is in these folders is the tool's own.
    tools = [each for each in (folder, os.environ.get(FOLDER)) if each]
    for file in python_traceback.files(text):
        path = os.path.join(folder, file)
        if _is_below(path, model, os.path.dirname(job.description)):
            return True
        if _is_below(path, tempfile.gettempdir()) and not _is_below(path, *tools):
            return True
    return False


def _is_below(path: str, *folders: str) -> bool:
    return os.path.normpath(path).startswith(tuple(os.path.normpath(folder) + os.sep for folder in folders))


def _raise(kind: str, message: str, trace: str) -> NoReturn:
    if kind == "ToolError":
        raise ToolError(message)
    raise ToldError(kind, message, trace)
