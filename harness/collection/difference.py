"""What differs between two commits of a checkout, as far as models and how they are tested are concerned."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from harness.collection.changes import (
    Models,
    Reach,
    models_among,
    newer_in_index,
    parse_difference,
    places_of,
    reach,
    relative_to,
)
from harness.collection.git import Checkout
from harness.collection.index import Found, find_models, has_description, models_of_index


def reach_between(checkout: Checkout, collection: str, *, base: str, head: str) -> Reach:
    """What ``head`` changes since it parted from ``base``.

    Args:
        collection: as on the command line; what is checked out of it is what ``head`` holds, or its merge.
        base: name of a commit.
        head: name of a commit.

    Raises:
        UsageError: a commit is not in this clone; says how to get it.
        CollectionError: there is no collection, or the base's index is none.
    """
    tip = checkout.commit(head)
    parting = checkout.parting(checkout.commit(base), tip)
    files = parse_difference(checkout.difference(parting, tip))
    found = find_models(collection)
    models = _compared(checkout, collection, found, base=parting, head=tip)
    places = places_of(found, checkout.top)
    return reach(files, msgspec.structs.replace(models, places=places))


def _compared(checkout: Checkout, collection: str, found: list[Found], *, base: str, head: str) -> Models:
    """Which models the base has and the head has not, and the other way round."""
    unknown = Models(places={})
    if urlsplit(collection).scheme in ("http", "https"):
        return unknown
    path = Path(collection)
    place = relative_to(path, checkout.top)
    if place is None:
        return unknown
    if path.suffix.lower() == ".json" and path.is_file():
        before = checkout.file(base, place)
        listed = [] if before is None else models_of_index(before, origin=collection)
        return newer_in_index(found, listed)
    if not path.is_dir() or has_description(path):
        return unknown
    sources = {model.source for model in found}
    then, now = (models_among(checkout.paths(commit), place) for commit in (base, head))
    return Models(places={}, added=sorted((now - then) & sources), removed=sorted(then - now - sources))
