"""The client of BioEngine's users: a connection to a Hypha server, and a model runner behind it.

A model runner is a service with the call ``infer(model_id, inputs, weights_format, device)``; arrays go by
name both ways. What its method raises is told as it comes; whatever else goes wrong is the service's.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, NamedTuple, NoReturn

from ..protocol import Job, ToldError, ToolError

INFER = "infer"
_CONNECT_SECONDS = 60
_TRACE = "Traceback (most recent call last):"
# What Hypha and Python say where a call did not get as far as the service's own code.
_NOT_CALLED = re.compile(
    r"Exception: (Method expired or not found|Session not found)|PermissionError: Permission denied for "
    r"|TypeError: (\w+\.)*infer\(\) (got|missing|takes) "
)


class Address(NamedTuple):
    """Where a service is; the token is for nobody else."""

    url: str
    id: str
    workspace: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return "{} at {}".format(self.id, self.url)

    def without_token(self, text: object) -> str:
        """A text that may be shown."""
        return str(text).replace(self.token, "(the token)") if self.token else str(text)


class Client:
    """A model runner as its users see it.

    Args:
        silence: seconds without a sign of life from the service, after which a call is given up.
        loop: where all waiting is done, if others wait there, too.

    Raises:
        ToolError: there is no such service there, it does not let us in, or it has no ``infer``.
    """

    def __init__(
        self, address: Address, *, silence: int, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self.address = address
        self._gone = ""
        self._loop = loop or asyncio.new_event_loop()
        connecting = asyncio.wait_for(self._connected(silence), _CONNECT_SECONDS)
        try:
            self._service = self._loop.run_until_complete(connecting)
        except Exception as error:
            self._fail("cannot be reached", error)
        if not self.offers(INFER):
            raise ToolError("{} has no call {}; its API has changed".format(address, INFER))

    async def _connected(self, silence: int) -> Any:
        from hypha_rpc import connect_to_server

        configuration = {"server_url": self.address.url, "method_timeout": silence, "logger": None}
        stated = {"workspace": self.address.workspace, "token": self.address.token}
        self._server = await connect_to_server({**configuration, **{k: v for k, v in stated.items() if v}})
        return await self._server.get_service(self.address.id)

    def offers(self, name: str) -> bool:
        """Whether the service has a call of this name."""
        return callable(getattr(self._service, name, None))

    def infer(self, model_id: str, inputs: list[Any], job: Job) -> list[tuple[str, Any]]:
        """The outputs by name, in the description's order; raises like :meth:`call`."""
        named = {tensor["name"]: array for tensor, array in zip(job.inputs, inputs)}
        produced = self.call(
            INFER, model_id=model_id, inputs=named, weights_format=job.weights_format, device=job.device
        )
        if not isinstance(produced, dict):
            words = "{} answered with a {} and not with outputs by name; its API has changed"
            raise ToolError(words.format(self.address, type(produced).__name__))
        names = [tensor["name"] for tensor in job.outputs]
        return [(name, produced[name]) for name in names if name in produced]

    def call(self, name: str, **arguments: Any) -> Any:
        """What the service answers.

        Raises:
            ToldError: the service's own code raised this.
            ToolError: the call did not get there, or no answer came back; then no other call is tried.
        """
        from hypha_rpc.rpc import RemoteException

        if self._gone:
            raise ToolError(self._gone)
        try:
            return self._loop.run_until_complete(self._answer(name, arguments))
        except RemoteException as error:
            message, trace = _parts(self.address.without_token(error))
            if _NOT_CALLED.match(message):
                raise ToolError("{} cannot be called: {}".format(self.address, message)) from None
            raise ToldError("RemoteError", message, trace) from None
        except Exception as error:
            self._fail("stopped answering", error)

    async def _answer(self, name: str, arguments: dict[str, Any]) -> Any:
        return await getattr(self._service, name)(**arguments)

    def _fail(self, how: str, error: Exception) -> NoReturn:
        """Raise what went wrong on the way; the original may hold the token, and is dropped."""
        text = "{}: {}".format(type(error).__name__, error)
        said = _parts(self.address.without_token(text))[0].rstrip(": ")
        self._gone = "{} {}: {}".format(self.address, how, said)
        raise ToolError(self._gone) from None


def _parts(told: str) -> tuple[str, str]:
    """Message and traceback of a remote error: the message is what follows the last traceback's frames."""
    text, _, trace = told.partition(_TRACE)
    last = trace.rpartition(_TRACE)[2].strip("\n").splitlines()
    while last and last[0][:1].isspace():
        last = last[1:]
    message = "\n".join(last).strip() or text.replace("RemoteError:", "", 1).strip()
    return message, _TRACE + trace if trace else ""
