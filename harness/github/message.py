"""What is said about a change, in all the places where GitHub shows it."""

from __future__ import annotations

from enum import Enum

import msgspec

LONGEST_DESCRIPTION = 140
LONGEST_BODY = 65_000
"""Characters. GitHub takes 65,536 in a comment and one less in the summary of a check."""

MARK = "<!-- harness: comment -->"
"""The first line of every body: by it the comment is found again. No text of a model can write it."""


class State(str, Enum):
    """GitHub's states of a commit status."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"
    ERROR = "error"


class Kind(str, Enum):
    """What there is to say; each has a template of that name."""

    PASSED = "passed"
    FAILED = "failed"
    NO_VERDICT = "no-verdict"
    NOTHING = "nothing"
    REVIEW = "review"
    REFUSED = "refused"
    REMOVED = "removed"
    SHARED = "shared"
    TOO_LARGE = "too-large"
    SEVERAL = "several"


class AnnotationLevel(str, Enum):
    """GitHub's levels of an annotation."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A remark on a line of a file, as check runs take it.

    Attributes:
        path: relative to the root of the repository.
        start_line: from 1.
        title: at most 255 characters.
        message: at most 64 KiB.
    """

    path: str
    start_line: int
    level: AnnotationLevel
    title: str
    message: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        state: of the commit status.
        kind: what there is to say, e.g. for a label.
        headline: one line of plain text, the title of a check run.
        description: at most 140 characters of plain text, for the commit status.
        body: Markdown for a comment or the summary of a check run; its first line is ``MARK``.
        annotations: for a check run.
    """

    state: State
    kind: Kind
    headline: str
    description: str
    body: str
    annotations: tuple[Annotation, ...] = ()
