"""A BioEngine service, called as its users call it: it has the model by its id, and gets the test inputs.

The service's own copy of the model runs, on its own machines; of the model's files here only the description
is read. Where the service is, is a part of the environment; the token is read from the folder of the setting.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

from ..protocol import Job, RefusedError, ToldError, ToolError
from . import arrays, command
from .hypha_client import Address, Client

_SILENCE = 60  # seconds; a service at work gives signs of life
_DESCRIBE = "get_model_rdf"  # the call of BioEngine's model runner that runs no code of a model
_NOT_THERE = re.compile(r"(?i)not found|does not exist|no such|no model|unknown model|\b404\b")
_NO_NETWORK = (
    "there is no network here, as in every sandbox and container; run this tool by itself with"
    " --isolation process, which is safe: no code of a model runs on this machine\n{}"
)


class _Connection:
    """What ``prepare`` has connected to."""

    client: Client


def warm() -> None:
    """Import the client."""
    import hypha_rpc  # noqa: F401


def prepare(job: Job) -> None:
    """Connect to the service; where that fails, it fails for every model."""
    del job
    try:
        _Connection.client = Client(_address(), silence=_SILENCE)
    except ToolError as error:
        raise ToolError(_NO_NETWORK.format(error) if _is_alone() else str(error)) from None


def refuse(job: Job) -> None:
    """Raise RefusedError if the service says that it does not have this model, or not with these weights.

    Only its call for descriptions is believed, which runs no model; else ``infer`` decides.
    """
    client, model_id = _Connection.client, _described(job)["id"]
    if not client.offers(_DESCRIBE):
        return
    try:
        known = client.call(_DESCRIBE, model_id=model_id)
    except ToldError as error:
        if any(model_id in line and _NOT_THERE.search(line) for line in str(error).splitlines()):
            words = "{} does not have the model {}: {}"
            raise RefusedError(words.format(client.address, model_id, error)) from None
        return
    there, here = _sha256(known, job), _sha256(_described(job), job)
    if there and here and there != here:
        words = "{} has other {} weights of the model {}: sha256 {}, and not {}"
        raise RefusedError(words.format(client.address, job.weights_format, model_id, there, here))


def needs(job: Job) -> list[str]:
    """Nothing is loaded here."""
    del job
    return []


def load(job: Job) -> Job:
    """Nothing to load: the service does, when it is called."""
    return job


def predict(job: Job, inputs: list[str], folder: str, padding: bool) -> tuple[list[dict[str, str]], float]:
    """Call the service once; there is one way to call it, whatever ``padding`` says."""
    del padding
    read, model_id = arrays.read(inputs), _described(job)["id"]
    clock = time.perf_counter()
    produced = _Connection.client.infer(model_id, read, job)
    seconds = time.perf_counter() - clock
    return arrays.write(produced, folder), seconds


def _is_alone() -> bool:
    """Whether there is no network but the loopback interface; False where the system does not tell."""
    try:
        with open("/proc/self/net/dev", encoding="ascii") as stream:
            return [line.partition(":")[0].strip() for line in stream.readlines()[2:]] in ([], ["lo"])
    except OSError:
        return False


def _described(job: Job) -> dict[str, Any]:
    import yaml

    with open(job.description, encoding="utf-8") as stream:
        content: dict[str, Any] = yaml.safe_load(stream)
    return {**content, "id": str(content["id"])}  # one of digits is a text, too


def _sha256(description: Any, job: Job) -> str:
    """Of the weights, as a description states it; empty if it does not."""
    try:
        return str(description["weights"][job.weights_format]["sha256"] or "")
    except (KeyError, TypeError):
        return ""


def _address() -> Address:
    """Where the service is, and the token for it; raises ToolError."""
    token = ""
    try:
        with open(os.path.join(os.environ[command.FOLDER], command.ADMISSION), encoding="utf-8") as stream:
            token = stream.read().strip()
    except FileNotFoundError:
        pass  # the service lets everybody in
    except OSError as error:
        raise ToolError("the file {} cannot be read: {}".format(command.ADMISSION, error.strerror)) from None
    except UnicodeDecodeError:
        raise ToolError("the file {} is no text".format(command.ADMISSION)) from None
    return Address(token=token, **json.loads(os.environ[command.COMMAND])["service"])
