"""Cut GitHub's description of its API down to what the harness calls.

    python -m tools.github_description FOLDER

FOLDER is where ``npm install @octokit/openapi`` has put that package. What is written is the double's law
(tests/github/double): it validates every request and every answer. Descriptions and examples are left out.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "tests" / "github" / "double" / "github.json"
REPOSITORY = "/repos/{owner}/{repo}"
IN_USE = {
    "/actions/artifacts/{artifact_id}/{archive_format}": ("get",),
    "/actions/runs/{run_id}": ("get",),
    "/actions/runs/{run_id}/artifacts": ("get",),
    "/actions/runs/{run_id}/jobs": ("get",),
    "/actions/runs/{run_id}/rerun-failed-jobs": ("post",),
    "/actions/workflows/{workflow_id}/runs": ("get",),
    "/check-runs": ("post",),
    "/check-runs/{check_run_id}": ("patch",),
    "/collaborators/{username}/permission": ("get",),
    "/commits/{ref}/statuses": ("get",),
    "/contents/{path}": ("get",),
    "/git/trees/{tree_sha}": ("get",),
    "/issues": ("get", "post"),
    "/issues/comments/{comment_id}": ("patch", "delete"),
    "/issues/comments/{comment_id}/reactions": ("post",),
    "/issues/{issue_number}": ("patch",),
    "/issues/{issue_number}/comments": ("get", "post"),
    "/issues/{issue_number}/labels": ("get", "post"),
    "/issues/{issue_number}/labels/{name}": ("delete",),
    "/labels": ("post",),
    "/pulls": ("get",),
    "/pulls/{pull_number}": ("get",),
    "/pulls/{pull_number}/files": ("get",),
    "/statuses/{sha}": ("post",),
}
_IN_WORDS = frozenset({"summary", "externalDocs", "tags", "example", "examples", "x-github", "x-octokit"})
_REFERENCE = re.compile(r"#/components/(?P<kind>\w+)/(?P<name>[\w.-]+)")


def main() -> None:
    """Write the description."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="the npm package @octokit/openapi")
    folder: Path = parser.parse_args().folder
    whole = json.loads((folder / "generated" / "api.github.com.json").read_text("utf-8"))
    version = json.loads((folder / "package.json").read_text("utf-8"))["version"]
    TARGET.write_text(json.dumps(trimmed(whole, version), indent=1, sort_keys=True) + "\n", "utf-8")


def trimmed(whole: dict[str, Any], version: str) -> dict[str, Any]:
    """The description with the paths in use and the components that they need."""
    paths = {
        f"{REPOSITORY}{path}": {
            method: _bare(whole["paths"][f"{REPOSITORY}{path}"][method]) for method in methods
        }
        for path, methods in IN_USE.items()
    }
    components: dict[str, dict[str, Any]] = {}
    new = set(_references(paths))
    while new:
        found = {(kind, name): _bare(whole["components"][kind][name]) for kind, name in new}
        for (kind, name), component in found.items():
            components.setdefault(kind, {})[name] = component
        known = {(kind, name) for kind, names in components.items() for name in names}
        new = set(_references(list(found.values()))) - known
    return {
        "openapi": whole["openapi"],
        "info": {
            "title": "The part of GitHub's REST API that the harness calls",
            "description": f"Cut by tools/github_description.py out of @octokit/openapi {version}.",
            "license": whole["info"]["license"],
            "version": version,
        },
        "servers": whole["servers"],
        "paths": paths,
        "components": components,
    }


def _bare(node: Any) -> Any:
    """``node`` without what only people read; a response must have a description, if an empty one."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _members(value) if key == "properties" else _bare(value)
        for key, value in node.items()
        if key not in _IN_WORDS and not (key == "description" and isinstance(value, str))
    }
    is_response = isinstance(node.get("description"), str) and not _SCHEMA.intersection(node)
    return {**kept, "description": ""} if is_response else kept


_SCHEMA = frozenset({"type", "anyOf", "oneOf", "allOf", "enum", "in", "schema", "operationId", "$ref"})


def _members(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties may be called as the words are that are left out."""
    return {name: _bare(schema) for name, schema in properties.items()}


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str) and (found := _REFERENCE.fullmatch(value)):
                yield found["kind"], found["name"]
            else:
                yield from _references(value)


if __name__ == "__main__":
    main()
