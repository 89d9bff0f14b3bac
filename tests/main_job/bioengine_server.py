"""A Hypha server on the loopback interface, and a BioEngine-like model runner that it lets in by token only.

Started with the interpreter of the environment ``bioengine``, and a folder with models. Writes one line,
JSON: where it is, and a token. Models are called as their folders; a line on the standard input ends it.

``--api`` says what the service offers, see :func:`calls`. The model ``ends`` ends everything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from harness.worker.runners import hypha_server


class ModelRunner:
    """Runs published models by their ids."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.loading = asyncio.Lock()  # the format library reads one file at a time

    def get_model_rdf(self, model_id: str) -> dict[str, Any]:
        """The description."""
        import yaml

        path = self.models / model_id / "rdf.yaml"
        if not path.is_file():
            raise KeyError(f"the artifact {model_id} does not exist")
        content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        return content

    async def infer(
        self, model_id: str, inputs: Any, weights_format: str | None = None, device: str | None = None
    ) -> dict[str, Any]:
        """Outputs by name."""
        self.get_model_rdf(model_id)
        if model_id == "ends":
            os.killpg(0, 9)
        async with self.loading:
            return await asyncio.to_thread(self._predict, model_id, dict(inputs), weights_format, device)

    def _predict(
        self, model_id: str, inputs: dict[str, Any], weights_format: Any, device: str | None
    ) -> dict[str, Any]:
        from bioimageio.core import create_prediction_pipeline, load_model_description
        from bioimageio.core.digest_spec import create_sample_for_model

        model = load_model_description(self.models / model_id / "rdf.yaml", perform_io_checks=False)
        pipeline = create_prediction_pipeline(
            model, weight_format=weights_format, devices=[device] if device else None
        )
        sample = create_sample_for_model(model, inputs=inputs, sample_id="sample")
        result = pipeline.predict_sample_without_blocking(sample)
        return {str(name): tensor.data.to_numpy() for name, tensor in result.members.items()}


class Changed:
    """What a release with another call would offer."""

    async def infer(self, rdf_path: str, inputs: Any) -> dict[str, Any]:
        """Is never called."""
        raise NotImplementedError(f"{rdf_path} {inputs}")


def calls(api: str, models: Path) -> dict[str, Any]:
    """What a service with this API offers."""
    runner = ModelRunner(models)
    offers: dict[str, dict[str, Any]] = {
        "today": {"infer": runner.infer, "get_model_rdf": runner.get_model_rdf},
        "bare": {"infer": runner.infer},
        "renamed": {"predict": runner.infer},
        "changed": {"infer": Changed().infer},
    }
    return offers[api]


async def serve(url: str, offered: dict[str, Any]) -> None:
    """Offer the service until the standard input ends."""
    from hypha_rpc import connect_to_server

    server = await connect_to_server({"server_url": url, "method_timeout": 86400})
    registered = await server.register_service(
        {"id": "model-runner", "config": {"visibility": "protected"}, **offered}
    )
    token = await server.generate_token({"expires_in": 3600})
    place = {"url": url, "id": registered.id, "workspace": server.config.workspace, "token": token}
    print(json.dumps(place), flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("models", type=Path)
    parser.add_argument("--api", default="today")
    args = parser.parse_args()
    address = hypha_server.start()
    asyncio.run(serve(address, calls(args.api, args.models)))
    os.killpg(0, 9)  # the server is a child
