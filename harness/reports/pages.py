"""Filling templates: everything that is printed is escaped, and an unknown name is an error."""

from __future__ import annotations

import re
from importlib.resources import files

import jinja2
from markupsafe import Markup

# Neither HTML nor XML has a way to write these.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """``text`` with a replacement character for every character that markup cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", text)


def render(template: str, **values: object) -> str:
    """Fill one of the ``templates``."""
    return _ENVIRONMENT.get_template(template).render(**values)


def static(name: str) -> bytes:
    """A file of ``templates`` as it is."""
    return (files("harness.reports") / "templates" / name).read_bytes()


def _finalize(value: object) -> object:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("harness.reports"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
