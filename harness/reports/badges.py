"""Badges for README files: what to say, as SVG and as the JSON of a shields.io endpoint.

A badge tells passed of answered models (or tools). "No verdict" is neither counted nor shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec

from harness import jsonio, labels
from harness.ledger.record import Record
from harness.reports import addresses, context, pages
from harness.reports.tally import Tally, newest_versions, tally, tally_models
from harness.verdict import Status

PARTLY = "#bc4c00"
"""Some passed and some failed. Not the colour of any status, and dark enough for white text."""

_LONGEST = 48


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """What a badge says; ``color`` is ``#rrggbb``."""

    label: str
    message: str
    color: str


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The document that shields.io reads (https://shields.io/badges/endpoint-badge)."""

    schema_version: int = 1
    label: str
    message: str
    color: str


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """One half of the drawing, in pixels; ``middle`` and ``text`` place the words within the whole badge."""

    words: str
    width: int
    middle: float
    text: float


class Embed(msgspec.Struct, frozen=True, kw_only=True):
    """A badge with what is needed to show it elsewhere.

    ``address`` (without suffix) and ``page`` are relative to the site's root, ``site_url`` ends without a
    slash, or is empty if it is not known; ``alt`` is safe within Markdown's square brackets.
    """

    badge: Badge
    address: str
    page: str
    site_url: str
    alt: str


def consumer_embed(records: Sequence[Record], *, site_url: str = "") -> Embed:
    """The badge of a consumer, from all its records: its newest version counts."""
    name = records[0].consumer.name
    badge = _badge(name, tally_models(newest_versions(records)), "models")
    return _embed(badge, addresses.consumer_badge(name), addresses.consumer_page(name), site_url)


def consumer_version_embed(records: Sequence[Record], *, site_url: str = "") -> Embed:
    """The badge of one version of a consumer, from the records of that version."""
    consumer = records[0].consumer
    badge = _badge(context.consumer_text(records[0]), tally_models(records), "models")
    page = addresses.consumer_page(consumer.name)
    return _embed(badge, addresses.consumer_version_badge(consumer), page, site_url)


def model_embed(records: Sequence[Record], *, site_url: str = "") -> Embed:
    """The badge of a model, from all its records: in how many tools (newest versions) it passes."""
    model = records[0].model
    found = tally(newest_versions(records), lambda record: record.consumer.name)
    badge = _badge(model.id, found, "tools")
    return _embed(badge, addresses.model_badge(model), addresses.model_page(model), site_url)


def svg(badge: Badge) -> bytes:
    """The badge as a picture of its own: flat, with a title for screen readers, no fonts from elsewhere."""
    label = _half(badge.label, left=0)
    message = _half(badge.message, left=label.width)
    text = pages.render("badge.svg.j2", badge=badge, left=label, right=message)
    return text.encode()


def endpoint_json(badge: Badge) -> bytes:
    """The badge as the JSON of a shields.io endpoint."""
    endpoint = Endpoint(label=badge.label, message=badge.message, color=badge.color.removeprefix("#"))
    return jsonio.dumps(endpoint, indent=2)


def text_width(text: str) -> float:
    """The estimated width of ``text`` in pixels, set in 11 px Verdana."""
    return sum(map(_character_width, text)) * 11 / 2048


def _badge(label: str, found: Tally, things: str) -> Badge:
    short = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    return Badge(label=pages.printable(short), message=context.tally_text(found, things), color=_color(found))


def _color(found: Tally) -> str:
    if not found.answered:
        return labels.STATUS[Status.NOT_APPLICABLE].color
    if found.passed == found.answered:
        return labels.STATUS[Status.PASSED].color
    return PARTLY if found.passed else labels.STATUS[Status.FAILED].color


def _embed(badge: Badge, address: str, page: str, site_url: str) -> Embed:
    alt = "".join(f"\\{c}" if c in "\\[]`*_<>&!" else c for c in f"{badge.label}: {badge.message}")
    url = addresses.web_link(site_url).rstrip("/")
    return Embed(badge=badge, address=address, page=page, site_url=url, alt=" ".join(alt.split()))


def _half(words: str, *, left: int) -> Half:
    text = round(text_width(words), 1)
    width = round(text) + 12
    return Half(words=words, width=width, middle=left + width / 2, text=text)


# Advance widths of Verdana's printable ASCII in 1/2048 em, from the space on.
# fmt: off
_VERDANA = (
    720, 806, 940, 1676, 1302, 2204, 1487, 550, 930, 930, 1302, 1676, 745, 930, 745, 930,
    1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 930, 930, 1676, 1676, 1676, 1117,
    2048, 1400, 1404, 1430, 1578, 1295, 1177, 1588, 1539, 862, 931, 1419, 1140, 1726, 1532, 1612,
    1235, 1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403, 930, 930, 930, 1676, 1302,
    1302, 1230, 1276, 1067, 1276, 1220, 720, 1276, 1296, 562, 705, 1212, 562, 1992, 1296, 1243,
    1276, 1276, 874, 1067, 807, 1296, 1212, 1676, 1212, 1212, 1076, 1300, 930, 1300, 1676,
)
# fmt: on


def _character_width(character: str) -> int:
    if " " <= character <= "~":
        return _VERDANA[ord(character) - ord(" ")]
    if unicodedata.combining(character):
        return 0
    return 2048 if unicodedata.east_asian_width(character) in "WF" else 1302
