"""What teams publish, as the matrix sees it: their versions, or in words why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.cell import Backend, WeightsFormat
from harness.collection import fetch
from harness.consumers import CONSUMERS
from harness.environments.published import Published
from harness.environments.spec import load_all
from harness.errors import ConfigurationError, UsageError
from harness.plan.make import Planned, make_plan, published_for
from harness.plan.matrix import Selection
from harness.plan.published import Offered, offers_of_teams
from tests.conftest import ROOT
from tests.environments.conda.server import Server, serving

FILE = "channels: [conda-forge]\ndependencies: [python=3.11, bioimageio.core=0.10.0]\n"
SPECS = load_all(ROOT / "environments")


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Their server: two versions are listed, and one of them has a file."""
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "WAIT_SECONDS", 0.0)
    served = tmp_path / "served"
    served.mkdir()
    (served / "versions.json").write_text('["1.4.2", "1.4.1"]')
    (served / "1.4.2.yml").write_text(FILE)
    with serving(served) as server:
        yield server


def published(server: Server, *, consumer: str = "ilastik", listed: str = "versions.json") -> Published:
    return Published(
        description="Theirs.",
        consumer=consumer,
        versions=f"{server.address}/{listed}",
        environment=f"{server.address}/{{version}}.yml",
        newest=2,
        weights_formats=(WeightsFormat.ONNX,),
        like="pytorch",
    )


def offered(
    *entries: Published, backend: Backend = Backend.CONDA, wanted: Sequence[str] = ("ilastik",)
) -> Offered:
    return offers_of_teams(
        entries,
        specs=SPECS,
        consumers=CONSUMERS,
        backend=backend,
        selection=Selection(consumers=tuple(wanted)),
    )


def test_each_version_has_an_environment_or_a_reason(team: Server) -> None:
    found = offered(published(team))
    (offer,) = found.offers
    assert offer.consumers == {"ilastik": "1.4.2"}
    assert found.specs.keys() == {offer.ref.name}
    (missing,) = found.left_out
    assert missing.what == "ilastik 1.4.1"
    assert "1.4.1.yml" in missing.why


def test_without_a_list_there_is_no_version(team: Server) -> None:
    found = offered(published(team, listed="nothing.json"))
    assert (found.offers, found.specs) == ((), {})
    (missing,) = found.left_out
    assert missing.what == "ilastik"
    assert "nothing.json" in missing.why


def test_another_back_end_asks_nobody(team: Server) -> None:
    found = offered(published(team), backend=Backend.VENV)
    (missing,) = found.left_out
    assert missing.why == "its team publishes environments for conda; use --backend conda"
    assert team.asked == []


def test_who_is_not_wanted_is_not_asked(team: Server) -> None:
    assert offered(published(team), wanted=("biapy",)) == Offered()
    assert team.asked == []


def test_a_tool_that_does_not_exist(team: Server) -> None:
    with pytest.raises(ConfigurationError, match="there is no consumer 'elastic'"):
        offered(published(team, consumer="elastic"))


def test_a_version_that_is_asked_for_needs_not_be_the_newest(team: Server, tmp_path: Path) -> None:
    newer = '["1.5", "1.4.9", "1.4.2"]'
    (tmp_path / "served" / "versions.json").write_text(newer)
    found = offered(published(team), wanted=("ilastik==1.4.2",))
    assert [offer.consumers for offer in found.offers] == [{"ilastik": "1.4.2"}]
    assert found.left_out == ()


def _planned(team: Server, consumer: str, *, backend: Backend = Backend.CONDA, **other: str) -> Planned:
    return make_plan(
        str(ROOT / "collection"),
        specs=SPECS,
        backend=backend,
        selection=Selection(models=("nuclei-unet2d",), consumers=(consumer,)),
        settings={},
        created_at="now",
        published=[published(team, **other)],
    )


def test_a_plan_of_one_version(team: Server) -> None:
    plan = _planned(team, "ilastik==1.4.2").plan
    assert {cell.cell.consumer.version for cell in plan.cells} == {"1.4.2"}
    assert any(cell.cell.environment for cell in plan.cells)


def test_a_version_that_is_not_listed_is_refused(team: Server) -> None:
    words = "--consumer ilastik==1.3: its team lists no such version; the newest are: 1.4.2, 1.4.1"
    with pytest.raises(UsageError, match=f"^{re.escape(words)}$"):
        _planned(team, "ilastik==1.3")
    assert _planned(team, "ilastik==1.3", backend=Backend.VENV).plan.left_out[0].why.endswith("conda")
    unknown = _planned(team, "ilastik==1.3", listed="nothing.json").plan.left_out[0]
    assert unknown.what == "ilastik 1.3"
    assert "1.3.yml" in unknown.why


def test_a_stored_plan_finds_its_environments_again(team: Server, tmp_path: Path) -> None:
    planned = _planned(team, "ilastik")
    (name,) = planned.declared
    (tmp_path / "served" / "versions.json").write_text('["1.6", "1.5", "1.4.9"]')
    assert published_for([published(team)], SPECS, planned.plan) == planned.declared
    assert any(cell.cell.environment and cell.cell.environment.name == name for cell in planned.plan.cells)
