"""BioEngine: the model is served by a model runner behind a Hypha server, and called as its users call it.

A server and a model runner of this cell's own stand in for BioEngine's: the runner registers the service
``model-runner`` with the call ``infer(model_id, inputs, weights_format, device)`` of BioEngine's and runs the
reference runtime, as BioEngine's does. Inputs and outputs travel through the server both ways.

The runner is in this process, so that what goes wrong in a model is seen as what it is.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ..protocol import Job, ToldError, ToolError
from . import arrays, bioimageio_core, hypha_server
from .hypha_client import Address, Client

_SERVICE = "model-runner"
_MODEL = "model"  # the only one that is served here
_SECONDS = 86400  # the cell's own limits decide


class _Server:
    """Where the server is that ``prepare`` has started."""

    url = ""


def warm() -> None:
    """Import the runtime, the server and the client."""
    bioimageio_core.warm()
    hypha_server.warm()
    import hypha_rpc  # noqa: F401


def prepare(job: Job) -> None:
    """Start the server, while there is one thread; then see to the runtime."""
    import hypha_rpc  # noqa: F401

    _Server.url = hypha_server.start()
    bioimageio_core.prepare(job)


def needs(job: Job) -> list[str]:
    """See the reference runtime."""
    return bioimageio_core.needs(job)


def load(job: Job) -> Service:
    """The service in the eyes of its user, with the weights loaded behind it."""
    return Service(ModelRunner(bioimageio_core.load(job)), job, _Server.url)


def predict(
    service: Service, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, str]], float]:
    """Call the service once; there is one way to call it, whatever ``padding`` says."""
    del padding
    read = arrays.read(inputs)
    clock = time.perf_counter()
    produced = service.infer(read)
    seconds = time.perf_counter() - clock
    return arrays.write(produced, folder), seconds


class ModelRunner:
    """Stands in for BioEngine's model runner: serves one model, which is loaded already."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.error: Exception | None = None

    async def infer(
        self, model_id: str, inputs: Any, weights_format: str | None = None, device: str | None = None
    ) -> dict[str, Any]:
        """Outputs by id for inputs by id, in the steps of BioEngine's model runner.

        Nothing is padded or cropped: the release of the runtime that BioEngine runs does not.
        """
        del weights_format, device  # what is loaded is what the job asks for
        self.error = None
        try:
            if model_id != _MODEL:
                raise ValueError(f"there is no model {model_id!r} here")
            return await asyncio.to_thread(self._predict, inputs)
        except Exception as error:
            self.error = error  # its caller hears its text only
            raise

    def _predict(self, inputs: Any) -> dict[str, Any]:
        from bioimageio.core.digest_spec import create_sample_for_model

        sample = create_sample_for_model(
            bioimageio_core.model_of(self.pipeline), inputs=dict(inputs), sample_id="sample"
        )
        not_padded = bioimageio_core.padded(self.pipeline, padding=False)
        result = self.pipeline.predict_sample_without_blocking(sample, **not_padded)
        return {str(name): tensor.data.to_numpy() for name, tensor in result.members.items()}


class Service:
    """Two connections to the server: one that offers the model runner, one that uses it."""

    def __init__(self, runner: ModelRunner, job: Job, url: str) -> None:
        self._runner = runner
        self._job = job
        loop = asyncio.new_event_loop()
        try:
            offered = loop.run_until_complete(self._offer(url))
        except Exception as error:
            raise ToolError(f"the service cannot be offered: {error}") from error
        self._client = Client(Address(url, offered), silence=_SECONDS, loop=loop)

    async def _offer(self, url: str) -> str:
        from hypha_rpc import connect_to_server

        self._offering = await connect_to_server({"server_url": url, "method_timeout": _SECONDS})
        registered = await self._offering.register_service(
            {"id": _SERVICE, "config": {"visibility": "public"}, "infer": self._runner.infer}
        )
        return str(registered.id)

    def infer(self, inputs: list[Any]) -> list[tuple[str, Any]]:
        """The outputs by id, in the description's order. What the model raises is raised as it is."""
        try:
            return self._client.infer(_MODEL, inputs, self._job)
        except (ToldError, ToolError) as error:
            if self._runner.error is None:
                raise ToolError(f"the service cannot be called: {error}") from error
            raise self._runner.error from None
