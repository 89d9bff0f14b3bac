"""The Dockerfile of an environment: the one in its folder, or one made from the template."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from harness.errors import ConfigurationError

BASE_VARIABLE = "HARNESS_BASE_IMAGE"
_TEMPLATE = Path(__file__).with_name("template.Dockerfile")
_TORCH = re.compile(r"^ARG TORCH_BACKEND=.*$")
_BASE = re.compile(r"^ARG\s+BASE_IMAGE=[\"']?(?P<image>[^\s\"']+)", re.MULTILINE)


def render(name: str, *, python: str, torch_backend: str, variables: Mapping[str, str]) -> str:
    """The text for an environment whose folder has none.

    Args:
        python: version of the interpreter, "3.11".
        torch_backend: see :class:`harness.environments.spec.EnvironmentSpec`.
        variables: what is set for everything that runs in the image.
    """
    settings = "".join(f" \\\n    {variable}={quoted(value)}" for variable, value in variables.items())
    values = {"NAME": name, "PYTHON": python, "TORCH_BACKEND": torch_backend, "VARIABLES": settings}
    text = _TEMPLATE.read_text("utf-8")
    for placeholder, value in values.items():
        text = text.replace(f"@{placeholder}@", value)
    return text


def is_rendered(text: str, *, python: str, torch_backend: str, variables: Mapping[str, str]) -> bool:
    """Whether this was rendered: its name does not count, nor a default that no build leaves in place."""
    ours = render("", python=python, torch_backend=torch_backend, variables=variables)
    return _instructions(text) == _instructions(ours)


def base_image(dockerfile: str, *, python: str, origin: Path) -> str:
    """The name of the image that it starts from: what HARNESS_BASE_IMAGE names, else its own default.

    ``{python}`` in the variable stands for the version of the interpreter.

    Raises:
        ConfigurationError: ``origin`` does not take its base image as an argument.
    """
    found = _BASE.search(dockerfile)
    if found is None:
        raise ConfigurationError(
            f"{origin}: there is no line 'ARG BASE_IMAGE=<image>' before the first FROM; add one, and use it"
        )
    return os.environ.get(BASE_VARIABLE, "").replace("{python}", python) or found["image"]


def _instructions(text: str) -> list[str]:
    lines = (_TORCH.sub("ARG TORCH_BACKEND", line) for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def quoted(value: str) -> str:
    """As the instructions ENV and LABEL take it literally."""
    return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'
