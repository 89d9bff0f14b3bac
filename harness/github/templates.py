"""Filling templates: what is not marked as Markdown of ours is shown as code."""

from __future__ import annotations

import jinja2

from harness.github.markdown import Markdown, code


def render(template: str, **values: object) -> str:
    """Fill one of the ``templates``."""
    return _ENVIRONMENT.get_template(template).render(**values).strip() + "\n"


def _finalize(value: object) -> object:
    if isinstance(value, int):
        return f"{value:,}"
    return code(value) if isinstance(value, str) and not isinstance(value, Markdown) else value


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("harness.github"),
    autoescape=False,  # noqa: S701  that would be for HTML; _finalize does it for Markdown
    finalize=_finalize,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
