"""No reason without a case that produces it for real, and none whose meaning changes unseen."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness import labels
from harness.verdict import Reason
from tests.main_job import test_on_gpu
from tests.zoo import cases, cases_agreement, faults, web
from tests.zoo.case import MEANING, Case, Meaning
from tests.zoo.conftest import ZooRun

OF_MODELS: tuple[Case, ...] = (
    *cases.OURS,
    *(case for _, case in web.CASES),
    *cases_agreement.FINDINGS,
    *cases_agreement.REQUIRED,
)
OF_TOOLS = {Reason.REFUSED_BY_TOOL}  # by BiaPy: tests/consumers/test_biapy.py
PRODUCED = {case.reason for case in OF_MODELS} | {fault.reason for fault in faults.FAULTS} | OF_TOOLS


@pytest.mark.parametrize(
    "reason",
    [reason for reason in Reason if reason is not Reason.DEVICES_DISAGREE],
    ids=lambda reason: reason.slug,
)
def test_a_case_produces_it(reason: Reason) -> None:
    assert reason in PRODUCED


def test_devices_disagree_where_there_are_two() -> None:
    """Its case needs a GPU, and is among the tests of the main job that do."""
    assert Reason.DEVICES_DISAGREE not in PRODUCED
    assert Reason.DEVICES_DISAGREE in test_on_gpu.PRODUCED


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.slug)
def test_it_means_what_is_written_here(reason: Reason) -> None:
    assert Meaning(reason.status, reason.blame, reason.stage) == MEANING[reason]
    assert labels.REASON[reason].label
    assert labels.REASON[reason].hint


def test_names_are_ids_and_each_is_there_once() -> None:
    labelled = Counter(case.label for case in (*cases.CASES, *(case for _, case in web.CASES)))
    assert [label for label, count in labelled.items() if count > 1] == []
    assert [label for label in labelled if not re.fullmatch(r"[a-z0-9-]+", label)] == []


@pytest.mark.slow
def test_the_run_produced_all_that_its_cases_stand_for(zoo_run: ZooRun) -> None:
    recorded = {record.reason for record in zoo_run.run.records}
    ours = [zoo_run.expected(case) for case in zoo_run.cases if case in cases.OURS]
    assert recorded == {case.reason.slug if case.reason else None for case in ours}
