"""Write the files of a new tool into a checkout."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import msgspec

from harness import jsonio
from harness.cell import WeightsFormat
from harness.environments.docker import dockerfile
from harness.errors import UsageError

_LIST = Path("harness/consumers/__init__.py")
_TEMPLATES = Path(__file__).with_name("skeleton")
_IMPORTS, _TOOLS = (
    r"from harness\.consumers import \(\n",
    r"_TOOLS: tuple\[Consumer, \.\.\.\] = \(\n",
)


class Skeleton(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for; the fields are those of :class:`harness.consumers.Consumer` where names are alike.

    Attributes:
        package: how Python imports the distribution.
        version: of the distribution, to begin with.
        python: version of the interpreter, "3.11".
        weights: formats that it opens.
    """

    name: str
    title: str
    owner: str
    home: str
    distribution: str
    package: str
    version: str
    python: str
    weights: tuple[WeightsFormat, ...]

    @property
    def module(self) -> str:
        """The name of its modules."""
        return re.sub(r"[.-]", "_", self.name)

    @property
    def folder(self) -> str:
        """The name of its environment's folder."""
        return self.name.replace(".", "-")


def write(skeleton: Skeleton, checkout: Path) -> list[Path]:
    """Write every file; answers their paths.

    Raises:
        UsageError: this is no checkout, or one of the files is there already.
        OutputError: a file cannot be written.
    """
    listed = checkout / _LIST
    if not listed.is_file():
        raise UsageError(f"{listed}: is not here; go to the root of a checkout of the harness")
    files = {checkout / path: text for path, text in _files(skeleton).items()}
    if there := next((path for path in files if path.exists()), None):
        raise UsageError(f"{there}: is there already; choose another name")
    files[listed] = _with_line(listed.read_text("utf-8"), skeleton.module)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        jsonio.write_bytes(path, text.encode())
    return list(files)


def _files(skeleton: Skeleton) -> dict[str, str]:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    templates = jinja2.Environment(  # noqa: S701  no markup
        loader=loader, keep_trailing_newline=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    values = {name: getattr(skeleton, name) for name in skeleton.__struct_fields__}
    values |= {"module": skeleton.module, "folder": skeleton.folder}

    def made(template: str) -> str:
        return templates.get_template(f"{template}.j2").render(values)

    module, folder = skeleton.module, f"environments/{skeleton.folder}"
    return {
        f"harness/consumers/{module}.py": made("consumer.py"),
        f"harness/worker/runners/{module}.py": made("runner.py"),
        f"{folder}/environment.toml": made("environment.toml"),
        f"{folder}/requirements.in": made("requirements.in"),
        f"{folder}/environment-{skeleton.version}.yml": made("environment.yml"),
        f"{folder}/Dockerfile": dockerfile.render(
            skeleton.folder, python=skeleton.python, torch_backend="", variables={}
        ),
        f"{folder}/health.py": made("health.py"),
        f"tests/consumers/test_{module}.py": made("test.py"),
    }


def _with_line(text: str, module: str) -> str:
    """The list of consumers with one more line in its imports and in its tuple."""
    for block, in_order in ((_IMPORTS, sorted), (_TOOLS, list)):
        found = re.search(rf"{block}(?P<lines>(?: .*\n)+)", text)
        if found is None:
            raise UsageError(f"{_LIST}: has another form than expected; add {module} by hand")
        lines = in_order([*found["lines"].splitlines(keepends=True), f"    {module},\n"])
        text = text[: found.start("lines")] + "".join(lines) + text[found.end("lines") :]
    return text
