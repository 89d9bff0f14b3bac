from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.collection import fetch
from harness.collection.fault import ModelFault
from harness.collection.model import Model, Unreadable
from harness.errors import CollectionError, OutputError
from harness.verdict import Reason
from tests.collection import packages
from tests.collection.conftest import Server
from tests.collection.packages import fault, good, read, sha256, write_model


def _index(folder: Path, *sources: str, **changes: Any) -> None:
    items = [
        {
            "id": f"zoo/m{number}",
            "type": "model",
            "versions": [
                {"version": "v0", "created_at": "2025-01-01T00:00:00Z", "source": source, **changes}
            ],
        }
        for number, source in enumerate(sources)
    ]
    items.append({"id": "zoo/d", "type": "dataset", "versions": []})
    (folder / "index.json").write_text(json.dumps({"items": items, "total": len(items)}))


def _refused(url: str, *, sha256: str | None = None) -> ModelFault:
    with pytest.raises(ModelFault) as raised:
        fetch.download(url, sha256=sha256)
    assert url in raised.value.message
    return raised.value


def test_an_index_of_the_web(server: Server) -> None:
    write_model(server.folder / "m" / "files")
    (server.folder / "m" / "files" / "cover.png").rename(server.folder / "m" / "files" / "a #1.png")
    text = json.dumps(packages.content(covers=["a #1.png"]))
    (server.folder / "m" / "files" / "rdf.yaml").write_text(text)
    _index(server.folder, "m/files/rdf.yaml?version=v0", "/gone/rdf.yaml")
    whole, gone = sorted(read(f"{server.url}/index.json"), key=lambda m: m.ref.id)
    assert isinstance(whole, Model)
    assert (whole.ref.id, whole.ref.version) == ("zoo/m0", "v0")
    assert "/m/files/weights.pt?version=v0" in server.seen
    assert "/m/files/a%20%231.png?version=v0" in server.seen
    assert isinstance(gone, Unreadable)
    assert gone.reason is Reason.FILE_MISSING


def test_a_local_index(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    _index(tmp_path, "m/rdf.yaml", "m2/rdf.yaml")
    whole, gone = read(tmp_path / "index.json")
    assert isinstance(whole, Model)
    assert whole.ref.id == "zoo/m0"
    assert isinstance(gone, Unreadable)
    assert (gone.ref.id, gone.reason, gone.message) == (
        "zoo/m1",
        Reason.FILE_MISSING,
        "m2/rdf.yaml: does not exist",
    )


def test_the_newest_version_counts(tmp_path: Path) -> None:
    versions = [
        {"version": v, "created_at": f"20{year}-01-01T00:00:00Z", "source": v}
        for v, year in (("v0", 24), ("v2", 26), ("v1", 25))
    ]
    items = [{"id": "a", "type": "model", "versions": versions}]
    (tmp_path / "index.json").write_text(json.dumps({"items": items}))
    assert fault(tmp_path / "index.json").ref.version == "v2"


@pytest.mark.parametrize("source", ["m/rdf.yaml", "m", "m.zip"])
def test_a_local_index_states_a_sha256_too(source: str, tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    shutil.make_archive(str(tmp_path / "m"), "zip", tmp_path / "m")
    listed = tmp_path / ("m.zip" if source == "m.zip" else "m/rdf.yaml")
    actual = sha256(listed.read_bytes())
    _index(tmp_path, source, sha256=actual.upper())
    good(tmp_path / "index.json")
    _index(tmp_path, source, sha256="0" * 64)
    unreadable = fault(tmp_path / "index.json")
    assert unreadable.reason is Reason.SHA256_MISMATCH
    assert unreadable.message == (
        f"field items[0].versions[0].sha256 of the index: {source!r} has sha256 {actual}, "
        f"the index states {'0' * 64!r}"
    )


def test_the_field_of_a_sha256_is_that_of_the_newest_version(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    versions = [
        {"version": v, "created_at": f"20{year}-01-01T00:00:00Z", "source": "m/rdf.yaml", "sha256": "0" * 64}
        for v, year in (("v0", 24), ("v1", 25))
    ]
    items = [
        {"id": "d", "type": "dataset", "versions": []},
        {"id": "a", "type": "model", "versions": versions},
    ]
    (tmp_path / "index.json").write_text(json.dumps({"items": items}))
    assert "items[1].versions[1].sha256" in fault(tmp_path / "index.json").message


@pytest.mark.parametrize("text", ["[", "{}", '{"items": [{"id": 1}]}', "\xff", "[" * 100_000])
def test_an_index_that_is_none_names_file_and_field(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CollectionError, match=r"index\.json: "):
        read(tmp_path / "index.json")


def test_a_source_that_is_listed_twice(tmp_path: Path) -> None:
    write_model(tmp_path / "m")
    _index(tmp_path, "m/rdf.yaml", "m/rdf.yaml")
    for model in read(tmp_path / "index.json"):
        assert isinstance(model, Unreadable)
        assert "is listed 2 times" in model.message


def test_an_index_that_cannot_be_fetched(server: Server) -> None:
    with pytest.raises(CollectionError, match="the server has no such file"):
        read(f"{server.url}/index.json")


def test_a_description_and_a_package_by_their_url(server: Server) -> None:
    write_model(server.folder / "m", id="m")
    assert good(f"{server.url}/m/rdf.yaml").ref.id == "m"
    shutil.make_archive(str(server.folder / "packed"), "zip", server.folder / "m")
    packed = good(f"{server.url}/packed.zip")
    assert (packed.ref.id, packed.ref.source) == ("m", f"{server.url}/packed.zip")


def test_the_description_is_held_against_the_sha256_of_the_index(server: Server) -> None:
    write_model(server.folder / "m")
    _index(server.folder, "m/rdf.yaml", sha256="0" * 64)
    unreadable = fault(f"{server.url}/index.json")
    assert unreadable.reason is Reason.SHA256_MISMATCH
    assert unreadable.message.startswith("field items[0].versions[0].sha256 of the index: http")
    stated = sha256((server.folder / "m" / "rdf.yaml").read_bytes()).upper()
    _index(server.folder, "m/rdf.yaml", sha256=stated)
    good(f"{server.url}/index.json")


@pytest.mark.parametrize(
    ("what", "reason", "words", "requests"),
    [
        ("404", Reason.FILE_MISSING, "no such file (404)", 2),
        ("410", Reason.FILE_MISSING, "no such file (410)", 2),
        ("500", Reason.DOWNLOAD_FAILED, "the server answered 500, after 3 attempts", 3),
        ("204", Reason.DOWNLOAD_FAILED, "the server answered 204", 3),
        ("cut short", Reason.DOWNLOAD_FAILED, "after 3 attempts", 3),
        ("stall", Reason.DOWNLOAD_FAILED, "after 3 attempts", 3),
        ("redirect /a", Reason.DOWNLOAD_FAILED, "redirect", 3),
    ],
)
def test_servers_that_fail(
    what: str,
    reason: Reason,
    words: str,
    requests: int,
    server: Server,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", 0.1)
    (server.folder / "a").write_bytes(b"x" * 1000)
    server.faults["a"] = what
    refused = _refused(f"{server.url}/a")
    assert refused.reason is reason
    assert words in refused.message
    assert len(server.seen) >= requests
    assert list((cache / "files").iterdir()) == []


def test_a_server_that_was_busy_and_one_that_moved(server: Server) -> None:
    (server.folder / "a").write_bytes(b"a")
    server.faults |= {"a": "500 once", "b": "redirect /a"}
    assert fetch.download(f"{server.url}/a").read_bytes() == b"a"
    assert fetch.download(f"{server.url}/b").read_bytes() == b"a"


def test_a_server_that_sends_for_ever(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (server.folder / "a").write_bytes(b"a")
    monkeypatch.setattr(fetch, "ATTEMPT_SECONDS", -1.0)
    assert "took longer than" in _refused(f"{server.url}/a").message
    monkeypatch.setattr(fetch, "MAX_BYTES", 0)
    assert "is larger than 0 bytes" in _refused(f"{server.url}/a").message


def test_nobody_listens() -> None:
    assert _refused("ftp://127.0.0.1/a").reason is Reason.FILE_MISSING
    assert _refused("http://[/a").reason is Reason.FILE_MISSING


def test_a_stated_sha256_is_fetched_once(server: Server) -> None:
    (server.folder / "a").write_bytes(b"a")
    for stated in (sha256(b"a"), sha256(b"a").upper()):
        assert fetch.download(f"{server.url}/a", sha256=stated).read_bytes() == b"a"
    assert server.seen == ["/a"]


@pytest.mark.parametrize("poison", [b"", b"half"])
def test_a_poisoned_cache_is_not_used(poison: bytes, server: Server, cache: Path) -> None:
    (server.folder / "a").write_bytes(b"whole")
    stated = sha256(b"whole")
    (cache / "files").mkdir()
    (cache / "files" / stated).write_bytes(poison)
    assert fetch.download(f"{server.url}/a", sha256=stated).read_bytes() == b"whole"


def test_offline_only_what_is_cached_is_had(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    (server.folder / "f").write_bytes(b"data")
    url, digest = f"{server.url}/f", sha256(b"data")
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    refused = _refused(url, sha256=digest)
    assert refused.reason is Reason.DOWNLOAD_FAILED
    assert refused.message == (
        f"{url}: is not in the cache, and downloads are switched off; "
        "run it once without --offline (HARNESS_OFFLINE)"
    )
    with pytest.raises(CollectionError, match="downloads are switched off"):
        read(f"{server.url}/index.json")
    assert server.seen == []
    monkeypatch.setenv("HARNESS_OFFLINE", "0")
    path = fetch.download(url, sha256=digest)
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert fetch.download(url, sha256=digest) == path
    assert len(server.seen) == 1


def test_a_stated_sha256_never_leads_out_of_the_cache(server: Server, cache: Path) -> None:
    (cache / ("x" * 43)).write_bytes(b"secret")
    stated = ("../" * 7 + "x" * 43).ljust(64, "x")[:64]
    assert _refused(f"{server.url}/a", sha256=stated).reason is Reason.SHA256_MISMATCH
    assert server.seen == []


def test_a_full_disk_is_the_fault_of_one_model(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(server.folder / "m")

    def full(*_args: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(fetch, "_receive", full)
    unreadable = fault(f"{server.url}/m/rdf.yaml")
    assert unreadable.reason is Reason.DISK_FULL
    assert "No space left on device" in unreadable.message


def test_a_cache_that_cannot_be_written_says_what_to_do(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set HARNESS_CACHE_DIR to a folder that can be written"):
        read(f"{server.url}/m/rdf.yaml")


def test_the_field_of_a_file_that_is_gone(server: Server) -> None:
    write_model(server.folder / "m", covers=[f"{server.url}/gone.png"])
    unreadable = fault(f"{server.url}/m/rdf.yaml")
    assert unreadable.reason is Reason.FILE_MISSING
    assert unreadable.message.startswith(f"field covers[0]: {server.url}/gone.png: ")
    write_model(server.folder / "m", covers=["../gone.png"])
    assert fault(f"{server.url}/m/rdf.yaml").reason is Reason.SOURCE_OUTSIDE_PACKAGE
