"""One requirement of pip's: what it becomes, or why it cannot be followed."""

from __future__ import annotations

import re
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from harness.environments.declared.declaration import LABEL_DROPPED, Notes, RefusedError, quoted

_LONGEST = 500
_PLACE = re.compile(
    r"[A-Za-z][\w+.-]*:|\.{0,2}[\\/]|\.{1,2}$|~|[^@\s]*\.(whl|zip|tar\.gz|tar\.bz2|tgz)$", re.IGNORECASE
)
_VERSION_CONTROL = re.compile(r"([^@;]*@\s*)?(git|hg|svn|bzr)(\+|:|@)", re.IGNORECASE)


class Normal(NamedTuple):
    """A requirement in the one form that equal ones share: its name, its versions, and all of it."""

    name: str
    versions: str
    text: str


def normalised(text: str, notes: Notes) -> Normal:
    """The requirement.

    Raises:
        RefusedError: it is none, or it is not one for a release on an index: building what somebody's server
            holds would run its code outside of all isolation.
    """
    if _VERSION_CONTROL.match(text):
        raise RefusedError(
            f"{quoted(text)}: comes from version control and would have to be built, which runs its code; "
            "name a release on a package index",
            malformed=False,
        )
    if _PLACE.match(text):
        raise RefusedError(
            f"{quoted(text)}: is a place and not a package; name a release on a package index",
            malformed=False,
        )
    if len(text) > _LONGEST:
        raise RefusedError(f"{quoted(text)}: is no requirement", malformed=True)
    try:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name, validate=True)
        given = sorted(requirement.specifier, key=str)
        specifiers = [_without_label(specifier) for specifier in given]
    except (InvalidRequirement, RecursionError, ValueError) as error:
        raise RefusedError(
            f"{quoted(text)}: is no requirement; write for example package==1.2", malformed=True
        ) from error
    if requirement.url is not None:
        raise RefusedError(
            f"{quoted(text)}: is a place and not a release; name its version, as in {requirement.name}==1.2",
            malformed=False,
        )
    if specifiers != given:
        notes.add(text.partition(";")[0], LABEL_DROPPED)
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    versions = ",".join(sorted(map(str, SpecifierSet(",".join(map(str, specifiers))))))
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return Normal(name, versions, f"{name}{extras}{versions}{marker}")


def _without_label(specifier: Specifier) -> Specifier:
    """``==2.4.0+cu118`` as ``==2.4.0``; no other operator can have a label."""
    version, plus, _ = specifier.version.partition("+")
    operator = "==" if specifier.operator == "===" else specifier.operator
    return Specifier(f"{operator}{version}") if plus else specifier
