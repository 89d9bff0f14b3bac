"""Write ``docs/differences.md`` anew: ``python -m tests.zoo.differential``, some minutes."""

from __future__ import annotations

import subprocess
import sys

from tests.main_job.conftest import ROOT
from tests.zoo.differential.document import PAGE, render
from tests.zoo.differential.outcomes import ENVIRONMENTS, measure

if __name__ == "__main__":
    subprocess.run([sys.executable, "-m", "harness", "env", "build", *ENVIRONMENTS], cwd=ROOT, check=True)
    PAGE.write_text(render(measure()), "utf-8")
