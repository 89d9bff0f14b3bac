"""What a run found but had not to execute: facts that records alone cannot tell.

A run that has nothing to do leaves no record. When files were changed back to what had been tested before, or
a model was taken out of the collection, a survey says so: a small file of its own in ``ledger/surveys``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError
from harness.ledger.query import current
from harness.ledger.record import Record

SCHEMA = 1
FOLDER = "surveys"  # in a ledger


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """Which models a collection held at a time (``sources``), and which cells (``keys``) were asked for."""

    schema: int = SCHEMA
    collection: str
    at: str
    sources: tuple[str, ...]
    keys: tuple[str, ...]


def write_if_needed(ledger: Path, survey: Survey, records: Iterable[Record], *, run: str) -> None:
    """Store the survey if the view of the records would not follow from what is stored already.

    Raises:
        OutputError: it cannot be written.
    """
    known = list(records)
    shown = current(known, read_surveys(ledger))
    recorded = {record.key for record in known}
    restored = (recorded & set(survey.keys)) - {record.key for record in shown}
    sources = set(survey.sources)
    gone = any(r.collection == survey.collection and r.model.source not in sources for r in shown)
    if restored or gone:
        jsonio.write(ledger / FOLDER / f"{run}.json", survey)


def read_surveys(ledger: Path) -> list[Survey]:
    """All surveys, oldest first.

    Raises:
        ConfigurationError: a file is no survey, or of an unknown schema.
    """
    surveys = []
    for path in sorted((ledger / FOLDER).glob("[!.]*.json")):
        survey = jsonio.read(path, Survey)
        if survey.schema != SCHEMA:
            raise ConfigurationError(f"{path}: field schema: is {survey.schema}, this harness reads {SCHEMA}")
        surveys.append(survey)
    return sorted(surveys, key=lambda survey: survey.at)
