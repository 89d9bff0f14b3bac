"""Conda's environment files as authors write and export them."""

from __future__ import annotations

import pytest

from harness.environments.declared.declaration import Declaration, Notes, RefusedError
from harness.environments.declared.environment_yaml import read

BUILDS = (
    "_libgcc_mutex=0.1=main, blas=1.0=mkl, numpy=1.21.5=py38h6c91a56_3, python=3.8.13=h12debd9_0 and 3 more"
)

CHANNELS, WHEELS = ".".join(("conda", "anaconda", "org")), ".".join(("download", "pytorch", "org"))


def declared(text: str) -> tuple[Declaration, tuple[str, ...]]:
    notes = Notes()
    return read(text, notes), notes.words()


def test_a_file_for_deployment() -> None:
    declaration, notes = declared(
        """
        name: cell-pose
        channels: [pytorch, nvidia, conda-forge, nodefaults]
        dependencies:
          - python>=3.9
          - pip
          - conda-forge::bioimageio.core
          - pytorch
          - numpy >=1.22, <2
          - pip:
            - cellpose==3.1.0
        """
    )
    assert declaration == Declaration(
        pythons=("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"),
        channels=("pytorch", "nvidia", "conda-forge"),
        conda=("numpy<2,>=1.22", "pytorch"),
        pip=("bioimageio-core", "cellpose==3.1.0"),
    )
    assert notes == ("name: (the author's own)", "bioimageio.core (the wheel: the tool is installed as such)")


def test_an_exported_file_loses_what_is_of_one_machine() -> None:
    declaration, notes = declared(
        """
        name: torch-em
        channels: [pytorch, defaults]
        dependencies:
          - _libgcc_mutex=0.1=main
          - blas=1.0=mkl
          - numpy=1.21.5=py38h6c91a56_3
          - python=3.8.13=h12debd9_0
          - pytorch=1.10.1=py3.8_cuda11.3_cudnn8.2.0_0
          - vc=14.2=h21ff451_1
          - zlib=1.2.11=h7f8727e_4
        prefix: /home/somebody/miniconda3/envs/torch-em
        """
    )
    assert declaration == Declaration(
        pythons=("3.8",),
        channels=("pytorch", "conda-forge"),
        conda=("_libgcc_mutex=0.1", "blas=1.0", "numpy=1.21.5", "pytorch=1.10.1", "vc=14.2", "zlib=1.2.11"),
        elsewhere=("defaults",),
    )
    assert notes == (
        "name:, prefix: (the author's own)",
        f"{BUILDS} (without the build, which is of one platform)",
        "python=3.8.13 (any release of 3.8)",
        "channel defaults (left out: its terms do not let everybody use it)",
    )


def test_wheels_alone_need_no_channel() -> None:
    declaration, notes = declared(
        f"""
        channels: conda-forge
        dependencies:
          - python=3.12
          - pip>=23
          - pip:
            - careamics==0.0.16
            - torch==2.7.1+cu126
            - torchvision==0.22.1+cu126
            - --extra-index-url https://{WHEELS}/whl/cu126
        """
    )
    assert declaration == Declaration(
        pythons=("3.12",), pip=("careamics==0.0.16", "torch==2.7.1", "torchvision==0.22.1")
    )
    labels, places = notes
    assert labels.startswith("torch==2.7.1+cu126, torchvision==0.22.1+cu126 (without the label, ")
    assert places.startswith(f"--extra-index-url {WHEELS} (not asked: ")


def test_names_and_order_do_not_matter() -> None:
    one, _ = declared("name: a\ndependencies: [numpy=1.26, python=3.10, {pip: [Timm == 1.0.14, tqdm]}]")
    other, _ = declared(
        "channels: [conda-forge]\nname: b\n"
        "dependencies:\n- pip: [tqdm]\n- pip:\n  - timm==1.0.14\n- python=3.10.*\n- NumPy 1.26.*\n"
    )
    assert one == other


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("[python]", ()),
        ("[numpy]", ()),
        ("[python=3.10, {pip: ['python>=3.9']}]", ("3.10",)),
        ("['python>=3.10', 'python<3.12']", ("3.10", "3.11")),
    ],
)
def test_what_is_said_of_python(text: str, fits: tuple[str, ...]) -> None:
    assert declared(f"dependencies: {text}")[0].pythons == fits


@pytest.mark.parametrize("text", ["", "channels:\ndependencies:", "name: a", "dependencies: [{pip: }]"])
def test_a_file_may_ask_for_nothing(text: str) -> None:
    assert declared(text)[0] == Declaration()


@pytest.mark.parametrize("channel", [f"https://{CHANNELS}/bioconda/", "bioconda"])
def test_public_channels_by_address(channel: str) -> None:
    declaration, _ = declared(f"channels: ['{channel}', nodefaults]\ndependencies: [a]")
    assert declaration.channels == ("bioconda", "conda-forge")


def test_a_package_may_name_its_channel() -> None:
    declaration, _ = declared("channels: [pytorch]\ndependencies: ['nvidia::cuda=11.8', 'pytorch::pytorch']")
    assert declaration.channels == ("pytorch", "nvidia", "conda-forge")
    assert declaration.conda == ("nvidia::cuda=11.8", "pytorch::pytorch")


def test_fields_without_a_meaning_are_noted() -> None:
    assert declared("platforms: [linux-64]\nvariables: {}")[1] == ("platforms: (without a meaning here)",)


@pytest.mark.parametrize(
    ("text", "message", "malformed"),
    [
        ("- numpy", "holds no mapping of fields; conda's environment files have `dependencies:`", True),
        ("a: [", "is not valid YAML: line 1, column 5: ", True),
        ("dependencies: numpy", "field dependencies: is no list", True),
        ("dependencies: [3.8]", "dependencies: 3.8 is no package", True),
        ("dependencies: [{conda: [a]}]", r"dependencies: \{'conda': \['a'\]\} is no package", True),
        ("dependencies: [{pip: numpy}]", "field dependencies: pip: is no list", True),
        ("dependencies: [{pip: [1.0]}]", "dependencies: pip: 1.0 is no text", True),
        ("channels: {a: b}", "field channels: is no list", True),
        ("channels: [1]", "channels: 1 is no text", True),
        ("channels: ['file:///home/me/channel']", "channels: file:///home/me/channel is not asked", False),
        ("channels: ['two words']", "channels: two words is not asked", False),
        ("channels: [/home/me/channel]", "channels: /home/me/channel is not asked", False),
        ("variables: {A: b}", "field variables: is not set here", False),
        ("dependencies: [python=2.7]", "python=2.7: cells run on Python 3.8 to 3.14; declare one", False),
        (
            "dependencies: [python=3.9, python=3.10]",
            "python: no version fits all that is said about it",
            True,
        ),
        (f"dependencies: [{'a, ' * 2001}]", "field dependencies: has more than 2,000 entries", False),
    ],
)
def test_what_is_refused(text: str, message: str, malformed: bool) -> None:
    with pytest.raises(RefusedError, match=message) as refused:
        declared(text)
    assert refused.value.malformed is malformed
