from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reports import addresses

from .factories import CORE, make_model, make_record

_texts = st.text(max_size=200) | st.text(alphabet="ab/_.:-~2f@", max_size=12)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bioimage-io/affable-shark", "bioimage-io__affable-shark"),
        ("10.5281/zenodo.5764892", "10.5281__zenodo.5764892"),
        ("zoo:shark", "zoo_3a_shark"),
        ("my_model", "my_-model"),
        ("Shark", "_53_hark"),
        ("../x", "_2e_.__x"),
        ("..", "_2e__2e_"),
        ("-rf", "_2d_rf"),
        ("con", "_63_on"),
        ("con.v1", "_63_on.v1"),
        ("index", "index"),
        ("", "_empty"),
        ("細胞", "_7d30__80de_"),
        ("<script>", "_3c_script_3e_"),
    ],
)
def test_slug_stays_readable_and_safe(text: str, name: str) -> None:
    assert addresses.slug(text) == name


@given(_texts)
def test_slug_is_safe_as_a_file_name_and_in_a_url(text: str) -> None:
    name = addresses.slug(text)
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_.~-]{0,95}", name)
    assert not name.endswith(".")
    assert name.partition(".")[0] not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


@given(_texts, _texts)
def test_slug_is_unique(one: str, other: str) -> None:
    assert (addresses.slug(one) == addresses.slug(other)) is (one == other)


@given(st.lists(_texts, max_size=40, unique=True))
def test_slugs_of_many_texts_differ_where_case_does_not_count(texts: list[str]) -> None:
    assert len({addresses.slug(text).casefold() for text in texts}) == len(texts)


@given(st.tuples(_texts, _texts), st.tuples(_texts, _texts))
def test_versions_of_models_do_not_share_a_page(one: tuple[str, str], other: tuple[str, str]) -> None:
    pages = [addresses.model_page(make_model(model, version=version)) for model, version in (one, other)]
    assert (pages[0] == pages[1]) is (one == other)


def test_addresses_lead_to_the_record() -> None:
    record = make_record(model=make_model("a/b", version="2"), key="12" * 32)
    assert addresses.model_page(record.model) == "models/a__b@2.html"
    assert addresses.record_address(record) == f"models/a__b@2.html#{addresses.record_anchor(record)}"
    assert addresses.consumer_page("bioimageio.core") == "consumers/bioimageio.core.html"
    assert addresses.consumer_badge(CORE.name) == "badges/consumers/bioimageio.core"
    assert addresses.consumer_version_badge(CORE) == "badges/consumers/bioimageio.core@0.11.0"
    assert addresses.model_badge(record.model) == "badges/models/a__b@2"


@pytest.mark.parametrize("url", ["https://example.org/run/1?a=b#c", "http://localhost:8000/x"])
def test_web_addresses_become_links(url: str) -> None:
    assert addresses.web_link(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zoo/model",
        "javascript:alert(1)",
        "JavaScript://example.org/%0aalert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https:",
        "//example.org",
        "https://[broken",
        "https://example.org/a b",
        "java\nscript:alert(1)",
    ],
)
def test_other_text_does_not_become_a_link(text: str) -> None:
    assert addresses.web_link(text) == ""
