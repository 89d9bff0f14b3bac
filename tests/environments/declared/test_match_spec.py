"""Packages as conda's files write them."""

from __future__ import annotations

import pytest

from harness.environments.declared.declaration import Notes, RefusedError
from harness.environments.declared.match_spec import as_requirement, normalised, parsed


def normal(text: str) -> tuple[str, tuple[str, ...]]:
    notes = Notes()
    return normalised(parsed(text, notes)), notes.words()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("numpy", "numpy"),
        (" NumPy ", "numpy"),
        ("numpy=1.26", "numpy=1.26"),
        ("numpy = 1.26", "numpy=1.26"),
        ("numpy=1.26.*", "numpy=1.26"),
        ("numpy 1.26.*", "numpy=1.26"),
        ("numpy=1.26*", "numpy=1.26"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy 1.26.4", "numpy==1.26.4"),
        ("mkl ==2024.0.0", "mkl==2024.0.0"),
        ("numpy>=1.2,<2", "numpy<2,>=1.2"),
        ("numpy <2 , >= 1.2", "numpy<2,>=1.2"),
        ("numpy=1.2|=1.3", "numpy=1.2|=1.3"),
        ("numpy 1.3|1.2.*", "numpy=1.2|==1.3"),
        ("conda-forge::bioimageio.core", "conda-forge::bioimageio.core"),
        ("_libgcc_mutex=0.1", "_libgcc_mutex=0.1"),
        ("r-base!=4.0", "r-base!=4.0"),
    ],
)
def test_one_form(text: str, form: str) -> None:
    assert normal(text) == (form, ())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("numpy=1.2=py38_0", "numpy=1.2"),
        ("numpy==1.2=py38_0", "numpy==1.2"),
        ("numpy 1.2 py38_0", "numpy==1.2"),
        ("numpy >=1.2 py38*", "numpy>=1.2"),
        ("pytorch=2.1=*cuda11.8*", "pytorch=2.1"),
    ],
)
def test_builds_are_of_one_platform(text: str, form: str) -> None:
    assert normal(text) == (form, (f"{text} (without the build, which is of one platform)",))


@pytest.mark.parametrize(
    ("text", "form", "why"),
    [
        ("pytorch==2.4.0+cu118", "pytorch==2.4.0", "without the label, which names a build that few indexes"),
        ("conda-forge/linux-64::numpy", "conda-forge::numpy", "for any platform"),
    ],
)
def test_what_else_is_changed(text: str, form: str, why: str) -> None:
    changed, (note,) = normal(text)
    assert changed == form
    assert note.startswith(f"{text} ({why}")


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("a", "a"),
        ("conda-forge::a=0.9", "a==0.9.*"),
        ("a==0.9.4", "a==0.9.4"),
        ("a >=0.9.4, <0.12", "a<0.12,>=0.9.4"),
        ("a=0.9|=0.11", ""),
    ],
)
def test_the_same_in_the_words_of_pip(text: str, requirement: str) -> None:
    assert as_requirement(parsed(text, Notes())) == requirement


@pytest.mark.parametrize(
    ("text", "malformed"),
    [
        ("", True),
        ("=1.2", True),
        ("numpy==", True),
        ("numpy=>1.2,", True),
        ("numpy >= 1.2 and < 2", True),
        ("numpy\u00b2", True),
        ("a" * 501, True),
        ("numpy[version='>=1.2']", False),
        ("https://channels.example.org/conda-forge/linux-64/numpy-1.0-0.tar.bz2", False),
    ],
)
def test_what_is_refused(text: str, malformed: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        normal(text)
    assert refused.value.malformed is malformed
