"""A made-up zoo of 20 models in three tools, with every status: for the browser, and to look at.

``python -m tests.reports.zoo FOLDER`` writes its site.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from harness.cell import ConsumerRef, Depth, Device, WeightsFormat
from harness.ledger.record import Artifact, ModelInfo, Record
from harness.reports.site import write_site
from harness.verdict import Check, CheckStatus, Reason, Status

from .factories import (
    BIAPY,
    CAREAMICS,
    CORE_OLD,
    GENERATED_AT,
    ONNX,
    because,
    checks_until,
    finding,
    keep_artifact,
    make_model,
    make_output,
    make_record,
    small_picture,
)

_IDS = [
    "amber-fern",
    "brisk-clover",
    "calm-thistle",
    "dusky-moss",
    "eager-poppy",
    "frosty-lichen",
    "gentle-reed",
    "hazel-willow",
    "ivory-sedge",
    "jolly-nettle",
    "keen-bracken",
    "lofty-alder",
    "mild-sorrel",
    "nimble-yarrow",
    "opal-heather",
    "plain-tansy",
    "quiet-rush",
    "ruddy-maple",
    "silver-oxeye",
]
_NAMES = [
    "Nuclei A",
    "Mitochondria in electron microscopy",
    "Nuclei, with H&E <stain>",
    "Cell boundaries in phase contrast",
    "Cells in fluorescence",
    "Whole-slide nuclei",
    "Mitochondria, denoised",
    "Ovules in 3D",
    "Membranes of neurons",
    "Nuclei, broad range",
    "Bacteria as star-convex polygons",
    "Plant nuclei",
    "Denoised leaves",
    "Roots in 3D",
    "Beads in light fields",
    "Bacteria without a label",
    "Mitochondria in 2D",
    "Synapses",
    "Denoised wings",
]
_TRACEBACK = """\x1b[31mTraceback (most recent call last):\x1b[0m
  File "worker/runners/pytorch.py", line 88, in load
    model.load_state_dict(weights)
  File "torch/nn/modules/module.py", line 2629, in load_state_dict
    raise RuntimeError("Error(s) in loading state_dict for UNet2d:")
RuntimeError: Error(s) in loading state_dict for UNet2d:
	Missing key(s) in state_dict: "encoder.blocks.3.block.0.weight", "encoder.blocks.3.block.0.bias".
	size mismatch for base.block.0.weight: copying a param with shape torch.Size([128, 64, 3, 3])
	from checkpoint, the shape in current model is torch.Size([256, 128, 3, 3])."""
_OFF = make_output(max_abs_diff=0.3531, max_rel_diff=12.4, mismatched_ppm=18433.0, headroom=None)


def zoo_records(artifacts: Path) -> list[Record]:
    """The records; their artifacts are written to ``artifacts``, but for one log that is gone."""
    artifacts_of = _evidence(artifacts)
    records: list[Record] = []
    for number, (model_id, name) in enumerate(zip(_IDS, _NAMES, strict=True)):
        common = {
            "model": make_model(f"bioimage-io/{model_id}", version=f"1.{number % 3}"),
            "model_info": _info(name, number),
            "artifacts": artifacts_of(number),
            "started_at": f"2026-05-20T{8 + number // 4:02d}:{number * 3 % 60:02d}:11Z",
        }
        records += _core(number, common)
        records += _partners(number, common)
    return [*records, _unreadable()]


def _core(number: int, common: dict[str, Any]) -> list[Record]:
    torchscript = _torchscript(number)
    old = _verdict(Reason.ENVIRONMENT_BUILD_FAILED, Check.ENVIRONMENT) if number % 7 == 3 else _passed()
    records = [
        make_record(**common, **torchscript),
        make_record(**common, consumer=CORE_OLD, **old),
    ]
    if number % 3 == 0:
        records.append(
            make_record(**common, weights_format=WeightsFormat.ONNX, environment=ONNX, **_passed())
        )
    if number % 4 == 1:
        state_dict = _verdict(Reason.WEIGHTS_MISMATCH, Check.LOAD, _TRACEBACK) if number == 9 else _passed()
        fmt = WeightsFormat.PYTORCH_STATE_DICT
        records.append(make_record(**common, weights_format=fmt, **state_dict))
    if number % 6 == 0:
        records.append(make_record(**common, device=Device.CUDA, **_passed()))
    return records


def _torchscript(number: int) -> dict[str, Any]:
    if number in (9, 14):
        message = (
            "Output 'probability': 18433 of a million values differ by more than atol 0.0001 + rtol 0.001; "
            "largest difference 0.3531 at (0, 1, 17, 502)."
        )
        return {**_verdict(Reason.VALUES_DIFFER, Check.REPRODUCES, message), "outputs": (_OFF,)}
    if number in (5, 11, 16):
        return {**_passed(Check.AS_CALLED)}
    if number == 7:
        return _verdict(Reason.TIMED_OUT, Check.RUNS, "No answer within 600 s, in both attempts.")
    if number == 12:
        return _verdict(Reason.NO_REPLY, Check.RUNS, "The worker ended without a reply and without a signal.")
    return _passed()


def _partners(number: int, common: dict[str, Any]) -> list[Record]:
    cells: list[tuple[ConsumerRef, dict[str, Any]]] = []
    if number % 5 == 4:
        cells.append(
            (BIAPY, {**_not_applicable("BiaPy reads models of format 0.5 only."), "environment": None})
        )
    elif number == 2:
        cells.append((BIAPY, _verdict(Reason.UNSUPPORTED_PREPROCESSING, Check.RUNS)))
    elif number != 15:
        cells.append((BIAPY, _passed(Check.AS_CALLED) if number == 9 else _passed()))
    if number in (12, 18):
        cells.append((CAREAMICS, _passed()))
    elif number == 6:
        cells.append(
            (CAREAMICS, _verdict(Reason.DOWNLOAD_FAILED, Check.FETCH, "503 from the server, 3 times."))
        )
    else:
        message = "CAREamics opens only its own exports (attachment careamics.yaml)."
        cells.append((CAREAMICS, {**_not_applicable(message), "environment": None}))
    return [make_record(**common, consumer=who, depth=Depth.TOOL, **what) for who, what in cells]


def _passed(*findings: Check) -> dict[str, Any]:
    checks = checks_until(Check.REPRODUCES, CheckStatus.PASSED, "")
    return {
        "checks": (*(c for c in checks if c.name not in findings), *(finding(check) for check in findings))
    }


def _verdict(reason: Reason, check: Check, message: str = "It did not work.") -> dict[str, Any]:
    failed = reason.status is Status.FAILED
    status = CheckStatus.FAILED if failed else CheckStatus.INCONCLUSIVE
    return {
        **because(reason, message),
        "checks": checks_until(check, status, message.splitlines()[-1].strip()),
    }


def _not_applicable(message: str) -> dict[str, Any]:
    return {
        **because(Reason.FORMAT_NOT_SUPPORTED, message),
        "checks": (),
        "seconds": 0.0,
        "peak_memory_bytes": 0,
    }


def _unreadable() -> Record:
    verdict = because(
        Reason.DESCRIPTION_INVALID, "weights: field required\ninputs.0.axes: not a list of axes"
    )
    return make_record(
        model=make_model("10.5281/zenodo.<script>alert(1)</script>"),
        model_info=ModelInfo(),
        weights_format=None,
        environment=None,
        depth=Depth.STATIC,
        **{**verdict, "checks": checks_until(Check.VALIDATE, CheckStatus.FAILED, "weights: field required")},
    )


def _info(name: str, number: int) -> ModelInfo:
    return ModelInfo(
        name=name,
        description=(
            "A U-Net that finds nuclei and their boundaries in fluorescence images. It was trained on the "
            "stage-1 data of the 2018 Data Science Bowl and predicts foreground and boundary probabilities."
        ),
        format_version="0.5.7" if number % 3 else "0.4.10",
        license="CC-BY-4.0",
        authors=("Clara Example", "Ana Example"),
        tags=("2d", "nuclei", "fluorescence", "unet"),
    )


def _evidence(artifacts: Path) -> Any:
    cover = keep_artifact(artifacts, "cover", "ab/cover.png", small_picture())
    log = keep_artifact(artifacts, "log", "cd/log.txt", b"loading weights ...\nrunning ...\n")
    gone = Artifact(kind="build-log", path="ef/gone.log", bytes=52_311)
    return lambda number: (cover, log, gone) if number % 2 else (log,)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    made = zoo_records(folder / "artifacts")
    write_site(made, folder / "site", artifacts=folder / "artifacts", generated_at=GENERATED_AT)
