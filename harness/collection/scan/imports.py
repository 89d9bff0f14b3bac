"""What importing a name from a pickle or a Keras configuration may do."""

from __future__ import annotations

import _compat_pickle
import io
import logging
import re
import struct
from collections.abc import Iterator
from enum import Enum

from picklescan.scanner import SafetyLevel, scan_pickle_bytes  # type: ignore[import-untyped]

logging.getLogger("picklescan").addHandler(logging.NullHandler())  # findings are told by this package
logging.getLogger("picklescan").propagate = False

_ALL = frozenset("*")
# What picklescan does not list: it loads further files, starts processes, opens connections or makes code.
_ALSO_DANGEROUS: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "_posixsubprocess", "cffi", "cloudpickle", "code", "codeop", "concurrent", "dbm", "dill",
            "distutils", "ftplib", "http", "imp", "importlib", "jsonpickle", "marshal", "multiprocessing",
            "nntplib", "poplib", "setuptools", "shelve", "smtplib", "socketserver", "sqlite3", "telnetlib",
            "threading", "torch.hub", "torch.package", "torch.utils.cpp_extension", "urllib", "xmlrpc",
            "zipimport",
        ),
        _ALL,
    ),
    "builtins": frozenset({"delattr", "execfile", "globals", "input", "locals", "setattr", "vars"}),
    "codecs": frozenset({"open"}),
    "copyreg": frozenset({"add_extension", "pickle"}),
    "functools": frozenset({"partial", "partialmethod", "reduce"}),
    "io": frozenset({"FileIO", "open", "open_code"}),
    "_io": frozenset({"open", "open_code"}),
    "joblib": frozenset({"load"}),
    "joblib.numpy_pickle": frozenset({"load"}),
    "keras.config": frozenset({"enable_unsafe_deserialization"}),
    "keras.models": frozenset({"load_model"}),
    "keras.saving": frozenset({"load_model"}),
    "keras.utils": frozenset({"get_file"}),
    "numpy": frozenset({"fromfile", "load", "memmap", "save", "savez"}),
    "numpy.ctypeslib": frozenset({"load_library"}),
    "operator": frozenset({"call", "getitem", "setitem"}),
    "_operator": frozenset({"call", "getitem", "setitem"}),
    "pandas": frozenset({"read_pickle"}),
    "pandas.io.pickle": frozenset({"read_pickle"}),
    "torch": frozenset({"from_file", "load", "save"}),
    "torch.jit": frozenset({"load", "save"}),
    "torch.serialization": frozenset({"load", "save"}),
    "types": frozenset({"CodeType", "FunctionType"}),
}  # fmt: skip

# What torch's own weights-only unpickler lets pass, numpy's arrays and scalars, and what TorchScript writes.
_NEEDED = re.compile(
    r"""
      collections\.(OrderedDict|Counter)
    | builtins\.(bytearray|complex|set)
    | _codecs\.encode
    | torch\.(cuda\.)?(sparse\.)?\w+(Storage|Tensor)
    | torch\.(Size|Tensor|device|dtype|nn\.parameter\.Parameter|storage\.(Typed|Untyped)Storage)
    | torch\.(_utils\._rebuild_\w+|_tensor\._rebuild_from_type_v2|serialization\._get_layout)
    | torch\.(bool|b?float\d+\w*|complex\d+|q?u?int\d+(x\d+)?|bits\d+(x\d+)?|per_(tensor|channel)_\w+)
    | torch\.jit\._pickle\.\w+
    | __torch__(\.\w+)+
    | numpy\.(dtype|ndarray|(_?core\.)?multiarray\.(_reconstruct|scalar)|dtypes\.\w+DType)
    """,
    re.VERBOSE,
)
# Modules that others import, so that they can be had as an attribute of those.
_REACHED = {"builtins", "ctypes", "importlib", "os", "pickle", "shutil", "socket", "subprocess", "sys"}
_HARMLESS_DUNDERS = {"__newobj__", "__newobj_ex__"}


class Standing(Enum):
    """What is known of a name: weights need it, it runs code or reaches files, or neither."""

    NEEDED = "needed"
    DANGEROUS = "dangerous"
    UNKNOWN = "unknown"


def standing(module: str, name: str) -> Standing:
    """What is known of ``module.name``, and of what the unpickler makes of it if it is a name of Python 2."""
    names = ((module, name), _of_python_3(module, name))
    if any(_is_dangerous(*each) for each in names):
        return Standing.DANGEROUS
    needed = any(_NEEDED.fullmatch(".".join(each)) for each in names)
    return Standing.NEEDED if needed else Standing.UNKNOWN


def _of_python_3(module: str, name: str) -> tuple[str, str]:
    renamed = _compat_pickle.NAME_MAPPING.get((module, name))
    return renamed or (_compat_pickle.IMPORT_MAPPING.get(module, module), name)


def _is_dangerous(module: str, name: str) -> bool:
    parts = name.split(".")
    dunders = {part for part in parts if part.startswith("__") and part.endswith("__")}
    return (
        not dunders.issubset(_HARMLESS_DUNDERS)
        or not _REACHED.isdisjoint(parts)
        or any(_is_listed(place, member) for place, member in _readings(module, name))
    )


def _readings(module: str, name: str) -> Iterator[tuple[str, str]]:
    """All that a dotted name passes through: ``os.system`` of ``torch`` is ``system`` of ``os``, too."""
    yield module, name
    parts = name.split(".")
    for count in range(1, len(parts)):
        yield ".".join([module, *parts[:count]]), parts[count]
        yield parts[count - 1], parts[count]


def _is_listed(module: str, name: str) -> bool:
    parts = module.split(".")
    parents = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return (
        any(_ALSO_DANGEROUS.get(parent) == _ALL for parent in parents)
        or name in _ALSO_DANGEROUS.get(module, ())
        or _is_listed_by_picklescan(module, name)
    )


def _is_listed_by_picklescan(module: str, name: str) -> bool:
    """Ask picklescan about a pickle that imports just this.

    Its own reading of pickles is not used: it takes what it cannot parse for harmless, and follows neither
    the stack nor the memo.
    """
    pickled = b"".join(_text(text) for text in (module, name)) + b"\x93."
    found = scan_pickle_bytes(io.BytesIO(pickled), "", multiple_pickles=False)
    return any(each.safety is SafetyLevel.Dangerous for each in found.globals)


def _text(text: str) -> bytes:
    """The opcode BINUNICODE. What picklescan cannot tell it calls "unknown": no name may look like that."""
    encoded = text.replace("unknown", "unknow").encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<L", len(encoded)) + encoded
