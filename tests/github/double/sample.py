"""The least that a schema of GitHub's description demands, to be filled with what matters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TIME = "2026-01-01T00:00:00Z"
_FORMATS = {"date-time": _TIME, "uri": "https://github.example/", "email": "octocat@github.example"}
_PLAIN = {"integer": 1, "number": 1.0, "boolean": False, "array": []}


def sample(description: dict[str, Any], name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """An instance of the schema ``name`` with these fields; those that are objects are filled up, too."""
    made = _of(description, {"$ref": f"#/components/schemas/{name}"})
    assert isinstance(made, dict)
    return _merged(made, fields)


def _merged(base: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in fields.items():
        old = base.get(name)
        merged[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _of(description: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return _of(description, schema[choice][0])
    if schema.get("nullable") or "enum" in schema:
        return schema["enum"][0] if "enum" in schema else None  # enums leave out the null that they allow
    if "allOf" in schema:
        parts = [_of(description, part) for part in schema["allOf"]]
        return {name: value for part in parts for name, value in part.items()}
    return _plain(description, schema)


def _plain(description: dict[str, Any], schema: dict[str, Any]) -> Any:
    if schema.get("type") == "object" or "properties" in schema:
        members = schema.get("properties", {})
        wanted = (name for name in schema.get("required", []) if name in members)
        return {name: _of(description, members[name]) for name in wanted}
    if schema.get("type") == "string":
        return _FORMATS.get(schema.get("format", ""), "text")
    return _PLAIN[schema["type"]]
