"""Which machines jobs run on: ``.github/harness.toml``, reviewed like code.

::

    schema = 1

    # The first that has the device and the memory is taken.
    [[runner]]
    labels = ["ubuntu-24.04"]
    memory_bytes = 17_179_869_184 # 16 GiB

    [[runner]]
    labels = ["self-hosted", "gpu"]
    devices = ["cuda"]
    memory_bytes = 68_719_476_736

Without the file, everything runs on GitHub's own runners, which have no GPU.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from harness.cell import Device
from harness.errors import ConfigurationError

FILE = ".github/harness.toml"
SCHEMA = 1


class Runner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of machine.

    Attributes:
        labels: all that a machine must have, as in ``runs-on``.
        devices: what it computes on; a processor it always has.
        memory_bytes: of the machine; 0 if any cell fits.
    """

    labels: tuple[str, ...]
    devices: tuple[Device, ...] = (Device.CPU,)
    memory_bytes: int = 0

    def has(self, devices: Collection[Device], memory_bytes: int) -> bool:
        """Whether cells can run there that need these devices and so much memory."""
        return set(devices) <= {Device.CPU, *self.devices} and (
            not self.memory_bytes or memory_bytes <= self.memory_bytes
        )


class Runners(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    schema: int = SCHEMA
    runner: tuple[Runner, ...] = ()

    def of(self, devices: Collection[Device], memory_bytes: int) -> tuple[str, ...]:
        """The labels of the first machine that has the devices and the memory.

        Where none has so much memory, the first with the devices: what does not fit is recorded as such.

        Raises:
            ConfigurationError: none has the devices.
        """
        for memory in (memory_bytes, 0):
            for runner in self.runner:
                if runner.has(devices, memory):
                    return runner.labels
        wanted = ", ".join(sorted(device.value for device in devices))
        raise ConfigurationError(
            f"{FILE}: no runner has {wanted}; add a [[runner]] with it, or do not plan cells for it"
        )


DEFAULT = Runners(runner=(Runner(labels=("ubuntu-24.04",), memory_bytes=16 * 1024**3),))


def read_runners(data: bytes | None) -> Runners:
    """The runners of a file's content; the default ones if there is no file.

    Raises:
        ConfigurationError: it is not what it must be; names the field.
    """
    if data is None:
        return DEFAULT
    try:
        found = msgspec.toml.decode(data, type=Runners)
    except (ValueError, RecursionError) as error:  # ValidationError, no TOML, no UTF-8
        raise ConfigurationError(f"{FILE}: {error}") from error
    if found.schema != SCHEMA:
        raise ConfigurationError(f"{FILE}: field schema: is {found.schema}, this harness reads {SCHEMA}")
    for number, runner in enumerate(found.runner, start=1):
        if not runner.labels:
            raise ConfigurationError(f"{FILE}: runner {number}: field labels: names no label")
    return found if found.runner else DEFAULT
