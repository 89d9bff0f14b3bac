"""What process.mjs does, with the reference runtime (in an environment that has it): reference.py CASES."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from bioimageio.core import Sample, Tensor
from bioimageio.core.digest_spec import get_axes_infos, get_member_id
from bioimageio.core.proc_setup import setup_pre_and_postprocessing
from bioimageio.spec import ValidationContext
from bioimageio.spec.model import v0_4, v0_5

warnings.simplefilter("ignore")
for folder in sorted(Path(sys.argv[1]).iterdir()):
    content = json.loads((folder / "rdf.yaml").read_text("utf-8"))
    version = v0_4 if content["format_version"].startswith("0.4") else v0_5
    with ValidationContext(perform_io_checks=False):
        model = SimpleNamespace(
            inputs=[version.InputTensorDescr.model_validate(content["inputs"][0])],
            outputs=[version.OutputTensorDescr.model_validate(content["outputs"][0])],
        )
    steps = setup_pre_and_postprocessing(model, dataset_for_initial_statistics=())
    for side, described, chain in (
        ("input", model.inputs[0], steps.pre),
        ("output", model.outputs[0], steps.post),
    ):
        array = np.load(folder / f"{side}.npy")
        name = get_member_id(described)
        tensor = Tensor.from_numpy(array, dims=get_axes_infos(described))
        sample = Sample(members={name: tensor}, stat={}, id="sample")
        for step in chain:
            step(sample)
        np.save(folder / f"reference_{side}.npy", sample.members[name].data.to_numpy())
