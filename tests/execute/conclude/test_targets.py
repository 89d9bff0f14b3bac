"""What a worker says that its arrays are compared with, and what the host makes of that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.collection.named_files import NamedFile
from harness.collection.tensors import Array
from harness.execute.conclude.answers import Conclusion, conclude
from harness.execute.conclude.evidence import ResultEvent
from harness.execute.conclude.tasks import Task
from harness.verdict import PASSED, Check, CheckStatus, Reason
from tests.execute.conclude.replies import Setting, declared, evidence, result, setting, worked

LABELS = "expected_labels.npy"
EXPECTED = np.kron([[1, 0], [0, 7]], np.ones((3, 3), "int32"))
RENUMBERED = np.kron([[5, 0], [0, 2]], np.ones((3, 3), "uint16"))


@pytest.fixture
def asked(tmp_path: Path) -> Setting:
    """A model with one described output and an attached label map."""
    made = setting(tmp_path, variants=())
    model = made.question.model
    path = model.description_path.with_name(LABELS)
    np.save(path, EXPECTED)
    files = (*model.description.files, NamedFile(field="attachments[0]", source=LABELS))
    description = msgspec.structs.replace(model.description, files=files)
    model = msgspec.structs.replace(model, description=description, paths={**model.paths, LABELS: path})
    return Setting(msgspec.structs.replace(made.question, model=model), made.tasks)


def told(task: Task, *arrays: Array, **last: Any) -> ResultEvent:
    """The task produced these; this is said of the last one."""
    event = result(task, *arrays)
    *first, of = event.outputs
    of = msgspec.structs.replace(of, name="labels", **{"expected": LABELS, "labels": True, **last})
    return msgspec.structs.replace(event, outputs=(*first, of))


def answered(asked: Setting, *arrays: Array, **last: Any) -> Conclusion:
    task = asked.tasks[0]
    events = worked(asked.tasks, reproduces=told(task, *arrays, **last))
    return conclude(evidence(*events), asked.tasks, asked.question)


def test_labels_may_have_other_numbers(asked: Setting) -> None:
    conclusion = answered(asked, RENUMBERED)
    assert conclusion.verdict == PASSED
    assert conclusion.compared
    (judgement,) = conclusion.compared.judgements
    assert (judgement.result.name, judgement.result.comparison) == ("labels", "partition")
    assert answered(asked, RENUMBERED, labels=False).verdict.reason is Reason.VALUES_DIFFER


def test_both_may_be_told_the_described_output_and_the_labels(asked: Setting) -> None:
    output = declared(asked.tasks[0])
    conclusion = answered(asked, output, RENUMBERED)
    assert conclusion.verdict == PASSED
    assert conclusion.compared
    assert [j.result.comparison for j in conclusion.compared.judgements] == ["values", "partition"]
    wrong = answered(asked, output + 1, RENUMBERED)
    assert wrong.verdict.reason is Reason.VALUES_DIFFER
    assert answered(asked, output, RENUMBERED[::-1]).verdict.reason is Reason.VALUES_DIFFER


def test_described_outputs_are_told_all_or_none(asked: Setting) -> None:
    output = declared(asked.tasks[0])
    verdict = answered(asked, output, output, RENUMBERED).verdict
    assert verdict.reason is Reason.WRONG_OUTPUT_COUNT
    assert "2 outputs were produced, 1 are described" in verdict.message


@pytest.mark.parametrize("name", ["test_output.npy", "weights.pt", "../secret.npy", "other.npy"])
def test_nothing_but_what_the_worker_could_not_see(asked: Setting, name: str) -> None:
    verdict = answered(asked, RENUMBERED, expected=name).verdict
    assert verdict.reason is Reason.REPLY_MALFORMED
    assert f"{name!r} is no attachment that is called expected_*" in verdict.message


def test_a_file_that_is_no_array_is_the_descriptions_fault(asked: Setting) -> None:
    asked.question.model.paths[LABELS].write_bytes(b"a picture")
    verdict = answered(asked, RENUMBERED).verdict
    assert verdict.reason is Reason.TEST_TENSOR_INVALID
    assert f"field attachments[0]: '{LABELS}' is no readable .npy" in verdict.message


def test_workers_do_not_see_it(asked: Setting) -> None:
    description = asked.question.model.description
    shown = {file.source for file in description.files_for(asked.question.weights_format)}
    assert LABELS not in shown
    assert description.attachments == (LABELS,)


def test_sizes_of_what_is_compared_with_a_file_are_not_described(tmp_path: Path, asked: Setting) -> None:
    variants = setting(tmp_path / "sized")
    question = msgspec.structs.replace(
        asked.question,
        model=msgspec.structs.replace(
            asked.question.model,
            description=msgspec.structs.replace(
                asked.question.model.description,
                variants=variants.question.model.description.variants,
            ),
        ),
    )
    replies = {
        task.name.replace("-", "_"): told(task, RENUMBERED)
        for task in (variants.tasks[0], *variants.variants)
    }
    conclusion = conclude(evidence(*worked(variants.tasks, **replies)), variants.tasks, question)
    (check,) = [check for check in conclusion.checks if check.name is Check.VARIANTS]
    assert check.status is CheckStatus.PASSED


def test_repeats_are_compared_as_labels_too(tmp_path: Path, asked: Setting) -> None:
    repeated = setting(tmp_path / "repeated", variants=(), repeat=2)
    question = msgspec.structs.replace(asked.question, repeat=2)
    first, again = [task for task in repeated.tasks if task.name == "reproduces" or task.repeats]
    replies = {
        first.name: told(first, RENUMBERED),
        again.name.replace("-", "_"): told(again, EXPECTED),
    }
    conclusion = conclude(evidence(*worked(repeated.tasks, **replies)), repeated.tasks, question)
    (check,) = [check for check in conclusion.checks if check.name is Check.DETERMINISM]
    assert (check.status, check.message) == (
        CheckStatus.PASSED,
        "2 runs agree within tolerance, not bitwise",
    )
