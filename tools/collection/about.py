"""What a description says to people: name, text, citations, licence, and the README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.collection.files import Json

AUTHORS = [{"name": "Bioimage Harness contributors", "affiliation": "bioimage-harness"}]
TIMESTAMP = "2026-11-20T00:00:00+00:00"
"""A fixed time, so that a rebuilt description has the same bytes."""


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A publication: one line of ``text`` and its ``doi``."""

    text: str
    doi: str

    def as_json(self) -> Json:
        """The entry for ``cite`` in a description."""
        return {"text": self.text, "doi": self.doi}


UNET = Citation(
    text="Ronneberger et al. 2015, U-Net: Convolutional Networks for Biomedical Image Segmentation",
    doi="10.1007/978-3-319-24574-4_28",
)
UNET_3D = Citation(
    text="Cicek et al. 2016, 3D U-Net: Learning Dense Volumetric Segmentation from Sparse Annotation",
    doi="10.1007/978-3-319-46723-8_49",
)
STARDIST = Citation(
    text="Schmidt et al. 2018, Cell Detection with Star-Convex Polygons",
    doi="10.1007/978-3-030-00934-2_30",
)
CELLPOSE = Citation(
    text="Stringer et al. 2021, Cellpose: a generalist algorithm for cellular segmentation",
    doi="10.1038/s41592-020-01018-x",
)
CARE = Citation(
    text="Weigert et al. 2018, Content-aware image restoration: pushing the limits of fluorescence "
    "microscopy",
    doi="10.1038/s41592-018-0216-7",
)


@dataclass(frozen=True, kw_only=True)
class About:
    """The human side of a model.

    ``does``, ``images``, ``use`` and ``limits`` are Markdown paragraphs of the README: what the model does,
    what it was trained on, how its output is used, where it fails. ``id`` names the model's folder.
    """

    id: str
    name: str
    description: str
    tags: Sequence[str]
    cite: Sequence[Citation]
    license: str
    does: str
    images: str
    use: str
    limits: str


def readme(about: About, validation: str) -> str:
    """The README's Markdown; ``validation`` states the held-out score and how it was measured."""
    citations = "\n".join(f"- {citation.text}, https://doi.org/{citation.doi}" for citation in about.cite)
    return f"""# {about.name}

{about.does}

# Training data

{about.images}

# Validation

{validation}

To validate the model on images of your own, compare its output with a few regions annotated by hand, using
the same score.

# Use

{about.use}

With [bioimageio.core](https://github.com/bioimage-io/core-bioimage-io-python):

    bioimageio test {about.id}
    bioimageio predict {about.id} --example

# Limits

{about.limits}

# References

{citations}
"""


def common_fields(about: About) -> dict[str, Json]:
    """The fields that formats 0.4 and 0.5 share, without those that depend on files."""
    return {
        "type": "model",
        "id": about.id,
        "name": about.name,
        "version": "1.0.0",
        "description": about.description,
        "authors": AUTHORS,
        "cite": [citation.as_json() for citation in about.cite],
        "license": about.license,
        "tags": list(about.tags),
        "covers": ["cover.png"],
        "documentation": "README.md",
        "timestamp": TIMESTAMP,
    }
