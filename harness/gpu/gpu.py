"""What is known of the GPUs of a machine."""

from __future__ import annotations

import msgspec

_GIB = 1024**3


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """One GPU, as its driver describes it.

    Attributes:
        index: its number for nvidia-smi.
        uuid: its name for CUDA, "GPU-5d5ba0d6-...": the same in whichever order GPUs are counted.
        name: of the product.
        driver: version of the driver, "580.65.06".
        compute_capability: "9.0"; empty if the driver does not tell.
        memory_bytes: in all; 0 if the driver does not tell.
        free_bytes: of it, when it was asked; 0 if the driver does not tell.
        bus_id: "00000000:1B:00.0".
        trouble: in words why it is not used; empty if it looks healthy.
    """

    index: int
    uuid: str
    name: str
    driver: str
    compute_capability: str = ""
    memory_bytes: int = 0
    free_bytes: int = 0
    bus_id: str = ""
    trouble: str = ""

    @property
    def words(self) -> str:
        """For people: "GPU 0, NVIDIA H100 80GB HBM3, 80 GiB, compute capability 9.0, driver 550.54.15"."""
        memory = f"{self.memory_bytes / _GIB:.0f} GiB" if self.memory_bytes else ""
        capability = f"compute capability {self.compute_capability}" if self.compute_capability else ""
        known = (f"GPU {self.index}", self.name, memory, capability, f"driver {self.driver}")
        return ", ".join(filter(None, known))


class Gpus(msgspec.Struct, frozen=True, kw_only=True):
    """All GPUs of a machine.

    Attributes:
        found: in the order of their index, also those that are not used.
        why_none: in words why there is none that can be used, empty if there is one.
    """

    found: tuple[Gpu, ...] = ()
    why_none: str = ""

    @property
    def usable(self) -> tuple[Gpu, ...]:
        """Those that cells may run on."""
        return tuple(gpu for gpu in self.found if not gpu.trouble)
