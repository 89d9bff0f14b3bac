from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import labels
from harness.reports import badges
from harness.reports.badges import Badge
from harness.verdict import Reason, Status

from .factories import BIAPY, CORE, CORE_OLD, because, make_model, make_record

_GREEN = labels.STATUS[Status.PASSED].color
_RED = labels.STATUS[Status.FAILED].color
_GREY = labels.STATUS[Status.NOT_APPLICABLE].color
_FAILED = because(Reason.VALUES_DIFFER)
_UNKNOWN = because(Reason.NO_REPLY)
_NOT_APPLICABLE = because(Reason.FORMAT_NOT_SUPPORTED)


@pytest.mark.parametrize(
    ("verdicts", "message", "color"),
    [
        ([{}, {}], "2/2 models", _GREEN),
        ([{}, _FAILED], "1/2 models", badges.PARTLY),
        ([_FAILED], "0/1 models", _RED),
        ([{}, _UNKNOWN, _UNKNOWN], "1/1 models", _GREEN),
        ([{}, _NOT_APPLICABLE], "1/1 models", _GREEN),
        ([_UNKNOWN], "no verdict yet", _GREY),
        ([_UNKNOWN, _NOT_APPLICABLE], "not applicable", _GREY),
        ([_NOT_APPLICABLE], "not applicable", _GREY),
    ],
)
def test_a_consumers_badge_counts_answers_only(
    verdicts: list[dict[str, Any]], message: str, color: str
) -> None:
    records = [
        make_record(model=make_model(f"model-{number}"), **verdict) for number, verdict in enumerate(verdicts)
    ]
    expected = Badge(label="bioimageio.core", message=message, color=color)
    assert badges.consumer_embed(records).badge == expected


def test_a_consumers_badge_is_about_its_newest_version() -> None:
    old, new = make_record(consumer=CORE_OLD), make_record(consumer=CORE, **_FAILED)
    assert badges.consumer_embed([old, new]).badge.message == "0/1 models"
    version = badges.consumer_version_embed([old])
    assert version.badge == Badge(label="bioimageio.core 0.9.6", message="1/1 models", color=_GREEN)
    assert version.address == "badges/consumers/bioimageio.core@0.9.6"


def test_a_models_badge_counts_tools() -> None:
    records = [
        make_record(),
        make_record(consumer=BIAPY, **_FAILED),
        make_record(consumer=CORE_OLD, **_FAILED),
    ]
    embed = badges.model_embed(records, site_url="https://example.org/zoo/")
    assert embed.badge == Badge(label="zoo/plain-model", message="1/2 tools", color=badges.PARTLY)
    assert (embed.site_url, embed.page) == ("https://example.org/zoo", "models/zoo__plain-model@1.2.html")


def test_markdown_in_a_label_stays_text() -> None:
    record = make_record(model=make_model("a](javascript:x)[b\n<i>"))
    assert badges.model_embed([record]).alt == "a\\](javascript:x)\\[b \\<i\\>: 1/1 tools"


def test_a_site_address_that_is_no_web_address_is_dropped() -> None:
    assert badges.model_embed([make_record()], site_url="javascript:alert(1)").site_url == ""


def test_endpoint_json_is_what_shields_reads() -> None:
    badge = Badge(label="biapy", message="1/2 models", color="#1a7f37")
    expected = {"schemaVersion": 1, "label": "biapy", "message": "1/2 models", "color": "1a7f37"}
    assert json.loads(badges.endpoint_json(badge)) == expected


def _texts(svg: bytes) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    space = "{http://www.w3.org/2000/svg}"
    return [element.text or "" for element in (*root.iter(f"{space}title"), *root.iter(f"{space}text"))]


def test_svg_has_a_title_and_both_texts() -> None:
    svg = badges.svg(Badge(label="<b>&\"'", message="1/2 models", color=_GREEN))
    assert _texts(svg) == ["<b>&\"': 1/2 models", "<b>&\"'", "1/2 models"]


@given(st.text(max_size=80))
def test_any_model_id_gives_a_well_formed_svg(model_id: str) -> None:
    embed = badges.model_embed([make_record(model=make_model(model_id))])
    texts = _texts(badges.svg(embed.badge))
    assert texts[2] == "1/1 tools"
    assert len(texts[1]) <= 48


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("build", 27.7), ("passing", 42.1), ("細胞", 22), ("é", 7)]
)
def test_text_width_is_estimated_well(text: str, width: float) -> None:
    assert badges.text_width(text) == pytest.approx(width, abs=1.5)
