"""The command of a tool that is no Python: in the environment, in a folder of this machine, or elsewhere.

In ``environment.toml``::

    [command]
    argv = ["program", "--headless"]    # a program of the environment

    [command]
    setting = "HARNESS_FIJI"            # names a folder of this machine

A tool that lives on the machine is left alone: its folder holds ``command.toml``, which states ``version``
and ``argv`` (a program with a slash in its name is looked for in that folder). A tool that runs elsewhere has
the table ``[service]`` there in place of ``argv``, see :class:`Service`. Without the setting, the environment
has no tool, and nothing is planned for it. What a worker needs to know goes by one variable, which is a part
of the recipe; the place of the folder is not, since it decides nothing.

What lets us in at a service is the text of the file ``token`` in that folder. The worker reads it, and it is
stored nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness.errors import ConfigurationError
from harness.worker.runners import command

FILE = "command.toml"
VARIABLE = command.COMMAND
_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Declared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[command]``: one of the two."""

    argv: tuple[str, ...] = ()
    setting: str = ""


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that runs elsewhere.

    Attributes:
        url: of the server: http or https, and no more than a place.
        id: what the server calls the service.
        workspace: in which we connect, empty for the server's choice.

    Raises:
        ValueError: the URL is none of these.
    """

    url: str
    id: str
    workspace: str = ""

    def __post_init__(self) -> None:
        url = urlsplit(self.url)
        extra = url.username or url.password or url.query or url.fragment
        if url.scheme not in ("http", "https") or not url.hostname or extra:
            raise ValueError("url is no http:// or https:// address without password, query and fragment")

    @property
    def is_private(self) -> bool:
        """Whether nobody can listen to what is sent there."""
        url = urlsplit(self.url)
        return url.scheme == "https" or url.hostname in _OF_THIS_MACHINE


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command that is there.

    Attributes:
        argv: program and arguments; the folder of a job follows. Empty for a service.
        service: where it runs, if that is elsewhere.
        version: of the tool, as it is shown; empty where the environment's lock says it.
        setting: the variable that names its folder, empty if it is in the environment.
    """

    argv: tuple[str, ...] = ()
    service: Service | None = None
    version: str = ""
    setting: str = ""

    @property
    def variable(self) -> str:
        """What the worker is told."""
        told: dict[str, Any] = {"argv": self.argv, "setting": self.setting}
        return msgspec.json.encode({**told, "service": self.service} if self.service else told).decode()


def find(declared: Declared, *, origin: Path, environ: Mapping[str, str] = os.environ) -> Command | None:
    """The command; None if it is on no machine but those with the setting, and this is none.

    Raises:
        ConfigurationError: the table, the folder or its file is not what it must be.
    """
    if bool(declared.argv) is bool(declared.setting):
        raise ConfigurationError(f"{origin}: field command: state either argv or setting")
    if declared.argv:
        return Command(argv=declared.argv)
    place = environ.get(declared.setting, "")
    if not place:
        return None
    path = Path(place) / FILE
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Command)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); {declared.setting} names the folder with it"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if bool(found.argv) is bool(found.service) or not found.version or found.setting:
        raise ConfigurationError(f"{path}: state version, and argv or [service], and nothing else")
    if found.service and not found.service.is_private and path.with_name(command.ADMISSION).exists():
        raise ConfigurationError(f"{path}: field service.url: the token beside it is sent by https:// only")
    return msgspec.structs.replace(found, setting=declared.setting)


def folder(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the tool of an environment with these variables lives on this machine; None if in itself."""
    stated = variables.get(VARIABLE)
    setting = msgspec.json.decode(stated)["setting"] if stated else ""
    place = environ.get(setting, "") if setting else ""
    return Path(place).resolve() if place else None
