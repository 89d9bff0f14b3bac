"""BiaPy's own compatibility check of a description, which runs nothing of the model.

It is what the zoo's pages show for BiaPy. Since BiaPy 3.7 it also imports what the weights declare that they
depend on.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from ..protocol import Job, RefusedError, ToolError


def description(job: Job) -> dict[str, Any]:
    """The description as BiaPy gets it from the zoo's service: as its author wrote it, beside its address."""
    import yaml

    with open(job.description, encoding="utf-8") as stream:
        return {"nickname": job.description, "raw": {"manifest": yaml.safe_load(stream)}}


def refuse(described: dict[str, Any]) -> None:
    """Raise RefusedError if BiaPy does not take the model, ToolError if its answer is of no known form.

    Where the check itself ends in an exception, that is what is raised.
    """
    error, message = compatibility(described)
    if error:
        raise RefusedError("BiaPy does not take the model: " + message)


def compatibility(described: dict[str, Any]) -> tuple[bool, str]:
    """Whether BiaPy does not take a model, and why not in its own words; raises ToolError as above."""
    from biapy.models import check_bmz_model_compatibility

    with contextlib.redirect_stdout(io.StringIO()):
        answer = check_bmz_model_compatibility(described)
    if isinstance(answer, dict):  # since 3.7
        return bool(answer["error"]), str(answer["reason_message"]).strip()
    if isinstance(answer, tuple) and len(answer) == 4:
        return bool(answer[1]), str(answer[2]).strip()
    raise ToolError("BiaPy's check_bmz_model_compatibility answers in a new form: {!r:.200}".format(answer))
