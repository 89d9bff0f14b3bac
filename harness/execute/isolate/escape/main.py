"""Make the attempts one after the other."""

from __future__ import annotations

import json
import signal

from . import files, kernel, network, processes
from .attempt import Attempt, EscapedError, NotTriedError, Task

_SECONDS = 50

ATTEMPTS: dict[str, Attempt] = {
    "variables": processes.variables,
    "descriptors": processes.descriptors,
    "interfaces": network.interfaces,
    "tcp": network.tcp,
    "udp": network.udp,
    "abstract-socket": network.abstract_socket,
    "path-socket": network.path_socket,
    "docker-socket": network.docker_socket,
    "other-sockets": network.other_sockets,
    "shadow": files.shadow,
    "other-users": files.other_users,
    "ledger": files.secret("ledger"),
    "cache": files.secret("cache"),
    "home": files.secret("home"),
    "expected-outputs": files.secret("expected-outputs"),
    "other-cell": files.secret("other-cell"),
    "temporary-folder": files.secret("temporary-folder"),
    "shared-memory": files.secret("shared-memory"),
    "write-outside": files.write_outside,
    "write-environment": files.write_environment,
    "parent-environment": processes.parent_environment,
    "process-table": processes.process_table,
    "signals": processes.signals,
    "ptrace": processes.ptrace,
    "rights": kernel.rights,
    "setuid": kernel.setuid,
    "user-namespace": kernel.user_namespace,
    "mount": kernel.mount,
    "keyring": kernel.keyring,
    "devices": kernel.devices,
    "settings": kernel.settings,
    "fork-bomb": processes.fork_bomb,  # last, for it might harm the others
}


def main(task_path: str, answer_path: str) -> None:
    """See the package."""
    if hasattr(signal, "alarm"):
        signal.alarm(_SECONDS)
    task = Task(task_path)
    answer: list[dict[str, object]] = []
    for name in task.attempts:
        got_out, detail = _try(ATTEMPTS[name], task)
        answer.append({"name": name, "escaped": got_out, "detail": detail})
    with open(answer_path, "w", encoding="utf-8") as stream:
        json.dump(answer, stream)


def _try(attempt: Attempt, task: Task) -> tuple[bool | None, str]:
    try:
        return False, attempt(task)
    except EscapedError as error:
        return True, str(error)
    except NotTriedError as error:
        return None, str(error)
    except OSError as error:
        return False, error.strerror or str(error)
