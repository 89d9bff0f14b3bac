"""One label of ours on a pull request: what became of it, for lists of pull requests."""

from __future__ import annotations

from typing import NamedTuple

from harness import labels
from harness.github.client import Client
from harness.github.message import State
from harness.verdict import Status


class Label(NamedTuple):
    """A label; ``colour`` is six hexadecimal digits."""

    name: str
    colour: str
    description: str


def _of_status(status: Status, description: str) -> Label:
    look = labels.STATUS[status]
    return Label(f"harness: {look.label}", look.color.removeprefix("#"), description)


LABELS: dict[State, Label] = {
    State.SUCCESS: _of_status(Status.PASSED, "Nothing stands in the way"),
    State.FAILURE: _of_status(Status.FAILED, "A model fails; the comment says which, and why"),
    State.ERROR: _of_status(Status.INCONCLUSIVE, "Not every question was answered"),
    State.PENDING: Label(
        "harness: to review", "8250df", "Changes how models are tested: a maintainer decides"
    ),
}


def put_label(client: Client, number: int, state: State) -> None:
    """Leave this one of the labels on a pull request; labels of others stay."""
    there = client.labels(number)
    wanted = LABELS[state]
    for label in LABELS.values():
        if label is not wanted and label.name in there:
            client.remove_label(number, label.name)
    if wanted.name not in there:
        client.add_label(number, wanted.name, colour=wanted.colour, description=wanted.description)
