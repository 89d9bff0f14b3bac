"""Imports of pickles, also of those that are made to hide them."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.collection.scan import finding
from harness.collection.scan.imports import Standing, standing
from tests.collection.scan.payloads import HARMLESS, OLD_TORCH, attack, importing, scan, torch_file

SYSTEM = f"{os.name}.system"


def text(value: str) -> bytes:
    """The opcode that pushes a text."""
    return b"X" + struct.pack("<L", len(value)) + value.encode()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["weights.pt", "weights.pkl", "weights.joblib"])
def test_os_system_is_found_in_every_protocol(protocol: int, name: str, tmp_path: Path) -> None:
    result = scan(tmp_path, attack(protocol), name)
    assert (result.status, result.found) == ("dangerous", (f"{name} imports {SYSTEM}",))
    assert result.message == f"{name} imports {SYSTEM}"


@pytest.mark.parametrize("name", ["weights.onnx", "weights.h5", "cover.png", "README"])
def test_a_pickle_is_known_by_its_content_whatever_its_name(name: str, tmp_path: Path) -> None:
    assert scan(tmp_path, attack(), name).status == "dangerous"


def test_a_torch_file_names_the_entry(tmp_path: Path) -> None:
    result = scan(tmp_path, torch_file(attack()))
    assert result.found == (f"weights.pt: weights/data.pkl imports {SYSTEM}",)


def test_tensors_that_begin_like_a_pickle_are_not_read_as_one(tmp_path: Path) -> None:
    assert scan(tmp_path, torch_file(HARMLESS)).status == "clean"


def test_an_old_torch_file_has_tensors_after_five_pickles(tmp_path: Path) -> None:
    good = b"".join([*OLD_TORCH, HARMLESS, pickle.dumps(["0"], 2), b"\x00\xff tensors"])
    assert scan(tmp_path, good).status == "clean"
    bad = b"".join([*OLD_TORCH, attack(), pickle.dumps(["0"], 2), b"\x00\xff tensors"])
    assert scan(tmp_path, bad).status == "dangerous"


def test_an_old_torch_file_that_ends_between_pickles(tmp_path: Path) -> None:
    result = scan(tmp_path, b"".join(OLD_TORCH))
    assert (result.status, "cut off after 3 of 5 pickles" in result.message) == ("failed", True)


def test_the_second_of_two_pickles(tmp_path: Path) -> None:
    assert scan(tmp_path, HARMLESS + attack()).status == "dangerous"


def test_what_follows_a_pickle_and_is_none(tmp_path: Path) -> None:
    result = scan(tmp_path, HARMLESS + b"\xff\xff")
    assert (result.status, f"from byte {len(HARMLESS)} on" in result.message) == ("failed", True)


def test_objects_in_a_numpy_array(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object))
    header, _, _ = stream.getvalue().partition(b"\x80")
    assert scan(tmp_path, stream.getvalue(), "x.npy").status == "clean"
    assert scan(tmp_path, header + attack(), "x.npy").found == (f"x.npy imports {SYSTEM}",)
    assert scan(tmp_path, header, "x.npy").status == "failed"


@pytest.mark.parametrize(
    "data", [b"\x93NUMPY", b"\x93NUMPY\x01\x00\x05\x00{'a':", b"\x93NUMPY\x09\x00", b"junk"]
)
def test_a_damaged_numpy_header(data: bytes, tmp_path: Path) -> None:
    assert scan(tmp_path, data, "x.npy").status == "failed"


def test_numbers_in_numpy_arrays(tmp_path: Path) -> None:
    for version in ((1, 0), (2, 0), (3, 0)):
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.zeros(3), version=version)
        assert scan(tmp_path, stream.getvalue(), "x.npy").status == "clean"


HIDDEN = {
    "another text is pushed and dropped": text("os") + text("system") + text("dict") + b"0\x93.",
    "the memo holds what was below": text("os") + text("x") + b"0q\x000h\x00" + text("system") + b"\x93.",
    "texts come from the memo": text("os") + b"q\x050" + text("system") + b"q\x070h\x05h\x07\x93.",
    "texts are copied": text("os") + text("system") + b"220" + b"0\x93.",
    "texts behind a mark": text("os") + text("system") + b"((1" + b"0\x93.",
    "as an instance of protocol 0": b"(ios\nsystem\n.",
    "as Python 2 calls it": b"c__builtin__\neval\n.",
    "Python 2's pickle": b"ccPickle\nloads\n.",
    "Python 2's subprocess": b"ccommands\ngetoutput\n.",
    "through another module": importing("torch", "os.system"),
    "a module of another": importing("torch", "os"),
    "through any module": importing("my_module", "a.b.subprocess.Popen"),
    "through a module of another": importing("torch", "hub.load"),
    "through two modules": importing("my_module", "a.runpy.run_path"),
    "through attributes": importing("collections", "OrderedDict.__init__.__globals__"),
    "a name made by a call": b"cmy_module\nname\n)R" + text("system") + b"\x93.",
}  # fmt: skip


@pytest.mark.parametrize("pickled", HIDDEN.values(), ids=HIDDEN)
def test_hidden_imports_are_found(pickled: bytes, tmp_path: Path) -> None:
    result = scan(tmp_path, b"\x80\x04" + pickled.removeprefix(b"\x80\x04"))
    assert result.status == "dangerous", result.message


BROKEN = {
    "empty": b"",
    "cut off": HARMLESS[:-1],
    "an extension code": b"\x80\x02\x82\x01.",
    "a name that is no text": b"\x80\x04K\x01K\x02\x93.",
    "a name that is not there": b"\x80\x04\x93.",
    "nothing to memorize": b"\x80\x02q\x00.",
    "nothing in the memo": b"\x80\x02h\x00.",
    "a mark is memorized": b"\x80\x02(q\x00.",
    "a mark is copied": b"\x80\x02(2.",
    "a mark that is not there": b"\x80\x02t.",
    "too little on the stack": b"\x80\x02N\x86.",
    "a mark between": b"\x80\x02N(N\x86.",
    "no opcode": b"\x80\x02\xff",
    "a name of a kilobyte": importing("a" * 1000, "b"),
    "not a pickle": b"This is no weights file.",
}


@pytest.mark.parametrize("pickled", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_unpickled_is_a_failed_scan(pickled: bytes, tmp_path: Path) -> None:
    result = scan(tmp_path, pickled)
    assert (result.status, result.found) == ("failed", ())
    assert result.message.startswith("weights.pt cannot be scanned: ")


def test_danger_before_the_break_counts(tmp_path: Path) -> None:
    result = scan(tmp_path, attack()[:-1] + b"\xff")
    assert result.status == "dangerous"
    assert "cannot be scanned" in result.message


def test_an_own_class_is_a_note_for_the_reviewer(tmp_path: Path) -> None:
    result = scan(tmp_path, importing("unet", "UNet"))
    assert (result.status, result.found) == ("clean", ())
    assert result.message == (
        "nothing dangerous was found in 1 file; look at this: "
        "weights.pt imports unet.UNet, which weights do not need"
    )


def test_a_name_cannot_break_the_message(tmp_path: Path) -> None:
    message = scan(tmp_path, importing("a\n\x1b[31m", "\ud800é")).message
    assert message.isprintable()
    assert "\\n\\x1b[31m.\\ud800é" in message


def test_a_pickle_with_more_opcodes_than_any_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_MAX_STEPS", 100)
    assert scan(tmp_path, b"N0" * 40 + b"N.").status == "clean"
    assert "takes too long" in scan(tmp_path, b"N0" * 80 + b"N.").message


def test_a_pickle_larger_than_any_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.collection.scan.pickles.MAX_PIECE", 1024**2)
    assert scan(tmp_path, pickle.dumps(b"x" * 10**6, 4)).status == "clean"
    assert "more than 1 MiB" in scan(tmp_path, pickle.dumps(b"x" * 2 * 10**6, 4)).message


DANGEROUS = """
os.system posix.system nt.system subprocess.Popen builtins.eval builtins.exec builtins.getattr
builtins.__import__ builtins.setattr __builtin__.execfile importlib.import_module runpy.run_path pty.spawn
socket.socket shutil.rmtree sys.modules pickle.loads cPickle.loads _pickle.loads dill.loads marshal.loads
types.CodeType types.FunctionType functools.partial operator.attrgetter operator.getitem
copyreg.add_extension webbrowser.open ctypes.CDLL multiprocessing.util.spawnv_passfds timeit.timeit
pydoc.locate numpy.load numpy.testing._private.utils.runstring torch.load torch.hub.load joblib.load
pandas.read_pickle torch.utils.cpp_extension.load_inline urllib.request.urlopen urllib2.urlopen
http.client.HTTPConnection io.open _io.FileIO keras.utils.get_file code.InteractiveInterpreter
"""


@pytest.mark.parametrize("name", DANGEROUS.split())
def test_dangerous_names(name: str) -> None:
    module, _, member = name.rpartition(".")
    assert standing(module, member) is Standing.DANGEROUS


NEEDED = """
collections.OrderedDict collections.Counter _codecs.encode builtins.set __builtin__.set torch.Size
torch.FloatStorage torch.BFloat16Storage torch.cuda.HalfStorage torch.cuda.sparse.FloatTensor torch.float32
torch.bfloat16 torch.float8_e4m3fn torch.complex64 torch.uint8 torch.quint4x2 torch.qint8 torch.bits1x8
torch.bool torch.per_tensor_affine torch.device torch.Tensor torch.nn.parameter.Parameter
torch.storage.UntypedStorage torch._utils._rebuild_tensor_v2 torch._utils._rebuild_parameter
torch._tensor._rebuild_from_type_v2 torch.serialization._get_layout numpy.dtype numpy.ndarray
numpy.core.multiarray._reconstruct numpy._core.multiarray.scalar numpy.dtypes.Float32DType
__torch__.unet.UNet torch.jit._pickle.build_intlist
"""


@pytest.mark.parametrize("name", NEEDED.split())
def test_names_that_weights_need(name: str) -> None:
    module, _, member = name.rpartition(".")
    assert standing(module, member) is Standing.NEEDED


UNKNOWN = "unet.UNet torch.nn.modules.conv.Conv2d pathlib.PosixPath copyreg.__newobj__ my_model.unknown"


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_names_that_nothing_is_known_of(name: str) -> None:
    module, _, member = name.rpartition(".")
    assert standing(module, member) is Standing.UNKNOWN


class Harmless(str):
    """What the recorder gives for every import: it can be called, and is a text."""

    __slots__ = ()

    def __call__(self, *_: object) -> str:
        """A text made up while the pickle is read."""
        return "system"


def recorder(kind: Any, seen: set[tuple[str, str]]) -> Any:
    """An unpickler that imports nothing, and notes what it should import."""

    class Recorder(kind):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> object:
            seen.add((module, name))
            return Harmless()

    return Recorder


OPCODES = st.sampled_from(
    [
        *(text("os"), text("system"), text("x"), b"\x8c\x02os", b"U\x06system", b"cx\nsystem\n", b"(ix\nx\n"),
        *(
            b"q\x00",
            b"q\x01",
            b"h\x00",
            b"h\x01",
            b"\x94",
            b"0",
            b"1",
            b"2",
            b"(",
            b"K\x01",
            b"\x85",
            b"\x86",
        ),
        *(bytes([code]) for code in b")]}Ntaesubodl" + b"R\x81\x8f\x90\x91\x93\x93"),
        b"\x95\x01\x00\x00\x00\x00\x00\x00\x00",
    ]
)
SOME = st.lists(OPCODES, max_size=4).map(b"".join)
# Between the two texts and the import of what they name stands whatever may hide it.
PICKLES = st.tuples(SOME, st.just(text("os")), SOME, st.just(text("system")), SOME, st.just(b"\x93")).map(
    b"".join
)


@given(pickled=PICKLES, kind=st.sampled_from([pickle.Unpickler, pickle._Unpickler]))
def test_no_import_of_the_real_unpickler_is_missed(
    tmp_path_factory: pytest.TempPathFactory, pickled: bytes, kind: Any
) -> None:
    seen: set[tuple[str, str]] = set()
    with contextlib.suppress(Exception):  # many are broken; what they import before they break counts
        recorder(kind, seen)(io.BytesIO(b"\x80\x04" + pickled + b".")).load()
    result = scan(tmp_path_factory.getbasetemp(), b"\x80\x04" + pickled + b".")
    if ("os", "system") in seen:
        assert result.status != "clean", result.message
