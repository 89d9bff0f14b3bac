"""What holds of every consumer, whatever its tool is: a new one is tested by being in the dict."""

from __future__ import annotations

import ast
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import harness.worker.runners
from harness.cell import Backend, Depth, WeightsFormat
from harness.collection.description import Description, parse_description
from harness.collection.fault import ModelFault
from harness.consumers import CONSUMERS, Consumer
from harness.environments.spec import EnvironmentSpec, load_all
from harness.plan.offers import offers_of
from harness.policy import Level
from tests.conftest import ROOT

ENVIRONMENTS = load_all(ROOT / "environments")
RUNNERS = Path(harness.worker.runners.__file__).parent
CALLED = {"warm": 0, "prepare": 1, "needs": 1, "load": 1, "predict": 4}  # with how many arguments
SECONDS = 2.0  # for all models and all tools together

every = pytest.mark.parametrize("consumer", CONSUMERS.values(), ids=list(CONSUMERS))
with_runner = pytest.mark.parametrize(
    "consumer", [pytest.param(tool, id=name) for name, tool in CONSUMERS.items() if tool.RUNNER]
)


def environments_of(consumer: Consumer) -> list[EnvironmentSpec]:
    return [spec for spec in ENVIRONMENTS.values() if consumer.NAME in spec.consumers]


@pytest.fixture(scope="module")
def real(zoo_descriptions: dict[str, dict[str, Any]]) -> list[Description]:
    """The zoo's real descriptions, but for those that are no valid ones."""
    found = []
    for name, content in zoo_descriptions.items():
        with suppress(ModelFault):
            found.append(parse_description(content, shown=name).description)
    assert len(found) >= 85
    return found


def test_each_is_listed_under_its_own_name() -> None:
    assert {name: consumer.NAME for name, consumer in CONSUMERS.items()} == {name: name for name in CONSUMERS}


@every
def test_it_says_all_that_the_protocol_asks_for(consumer: Consumer) -> None:
    asked = [name for name in vars(Consumer) if not name.startswith("_")]
    assert len(asked) > 10
    assert [name for name in asked if not hasattr(consumer, name)] == []
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", consumer.NAME)
    assert consumer.TITLE
    assert consumer.TITLE.strip() == consumer.TITLE
    assert re.fullmatch(r"[A-Za-z0-9-]+(/[A-Za-z0-9-]+)?", consumer.OWNER), "a GitHub user or team, without @"
    assert consumer.HOME.startswith("https://")
    assert isinstance(consumer.DEPTH, Depth)
    assert isinstance(consumer.AS_CALLED, bool)
    assert isinstance(consumer.LEVEL, Level)
    assert canonicalize_name(consumer.DISTRIBUTION) == consumer.DISTRIBUTION
    assert all(Requirement(need).specifier for need in consumer.NEEDS)
    assert len(SpecifierSet(consumer.TESTED)) > 0, "versions that nobody has seen yet are not tested"


@every
def test_every_locked_version_was_tested(consumer: Consumer) -> None:
    specs = environments_of(consumer)
    offers = offers_of(specs, backend=Backend.VENV, consumers=CONSUMERS)
    for offer in offers:
        version = offer.consumers[consumer.NAME]
        assert SpecifierSet(consumer.TESTED).contains(version, prereleases=True), (offer.ref.name, version)


@with_runner
def test_its_runner_is_a_guest(consumer: Consumer) -> None:
    """It has the functions that the worker calls, and imports its tool only when one of them is called."""
    source = (RUNNERS / f"{consumer.RUNNER}.py").read_text("utf-8")
    module = ast.parse(source, feature_version=(3, 8))
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    assert {name: len(functions[name].args.args) for name in CALLED} == CALLED
    for node in module.body:
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {str(node.module).partition(".")[0]}
        else:
            continue
        assert names <= sys.stdlib_module_names | {"numpy"}, names


@every
def test_why_not_is_said_in_words(consumer: Consumer, real: list[Description]) -> None:
    for description in real:
        for weights in WeightsFormat:
            why = consumer.applicable(description, weights)
            assert why == consumer.applicable(description, weights), "the same question, the same answer"
            if why is not None:
                assert len(why.split()) >= 4, why
                assert "\n" not in why
                assert not why.endswith("."), "more may follow"


def test_all_models_and_all_tools_in_no_time(real: list[Description]) -> None:
    clock = time.process_time()
    answers = [
        consumer.applicable(description, weights)
        for description in real
        for consumer in CONSUMERS.values()
        for weights in description.weights
    ]
    assert time.process_time() - clock <= SECONDS
    assert len(answers) >= len(real) * len(CONSUMERS)
