"""What runs in a process of its own to solve and install with py-rattler: ``python FILE JOB REPLY``.

It is started by its path and knows nothing of the harness: standard library and py-rattler only. The job and
the reply are JSON files (:class:`Job`, :class:`Reply`; :mod:`harness.environments.conda.rattler_process` is
the other side). It ends with ``os._exit``, because py-rattler may crash while the interpreter tidies up.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict
from urllib.parse import unquote, urlsplit

from rattler import (
    Channel,
    ChannelPriority,
    Client,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    PackageRecord,
    PrefixRecord,
    RepoDataRecord,
    SourceConfig,
    Subdir,
    Version,
    VirtualPackage,
    VirtualPackageOverrides,
    exceptions,
    install,
    solve,
)
from rattler.networking import AddHeadersMiddleware
from rattler.package import BuildString
from rattler.package_cache import PackageCache, ValidationMode

_UNSATISFIABLE = (
    exceptions.SolverError,
    exceptions.InvalidMatchSpecError,
    exceptions.InvalidPackageNameError,
    exceptions.InvalidVersionSpecError,
    exceptions.PackageNameMatcherParseError,
)


class Package(TypedDict):
    """One file of a channel."""

    channel: str
    path: str
    sha256: str


class Job(TypedDict):
    """What to do: solve ``specs``, or else look up ``packages``; then install them if there is a ``prefix``.

    With neither specs nor packages, what the prefix holds is told.

    Attributes:
        channels: name to address, in the order of their priority; None for an address that is known here.
        specs: match specifications.
        preferred: files to take for the specs where they fit.
        packages: files to install, whatever else the channels hold.
        prefix: absolute.
        cache: folder of downloads and unpacked packages.
        platform: such as "linux-64".
        virtual_packages: "name=version=build"; None for what this machine has.
        offline: whether to do with what is cached, and with channels in folders.
    """

    channels: dict[str, str | None]
    specs: list[str]
    preferred: list[Package]
    packages: list[Package]
    prefix: str | None
    cache: str
    platform: str
    virtual_packages: list[str] | None
    offline: bool


class Reply(TypedDict, total=False):
    """What came of it.

    Attributes:
        unsatisfiable: why there is no solution.
        failed: why something else went wrong.
        channels: the address of each channel.
        packages: what was solved, installed or found, each after what it depends on.
    """

    unsatisfiable: str
    failed: str
    channels: dict[str, str]
    packages: list[Package]


class _RefusedError(Exception):
    """Something that py-rattler would accept."""


class _Guard:
    """Lets no request through; a channel in a folder needs none."""

    def __init__(self) -> None:
        self.refused: list[str] = []  # paths

    def __call__(self, _host: str, path: str) -> None:
        """Called before each request."""
        self.refused.append(path)
        raise _RefusedError(path)


def main(job_file: str, reply_file: str) -> int:
    """Do the job and write the reply; the exit code is 0 if there is one."""
    job: Job = json.loads(Path(job_file).read_bytes())
    guard = _Guard() if job["offline"] else None
    try:
        reply = asyncio.run(_do(job, guard))
    except _UNSATISFIABLE as error:
        sys.stderr.write(f"{error}\n")
        reply = Reply(unsatisfiable=str(error).strip())
    except Exception as error:
        traceback.print_exc()
        reply = Reply(failed=_told(error, job, guard))
    Path(reply_file).write_text(json.dumps(reply), "utf-8")
    return 0


def _told(error: Exception, job: Job, guard: _Guard | None) -> str:
    """What went wrong, and what may help."""
    words = str(error).strip() or type(error).__name__
    asked = isinstance(error, exceptions.GatewayError) and job["specs"]
    if guard and (guard.refused or asked):
        what = f"{guard.refused[-1].rpartition('/')[2]}: not in the cache" if guard.refused else words
        return f"{what}, and downloads are switched off; do it once without --offline (HARNESS_OFFLINE)"
    hint = "a channel cannot be asked (HARNESS_CONDA_CHANNELS can name a mirror): " if asked else ""
    return hint + words


async def _do(job: Job, guard: _Guard | None) -> Reply:
    channels = {name: Channel(address or name) for name, address in job["channels"].items()}
    cache = Path(job["cache"])
    client = Client([AddHeadersMiddleware(guard)]) if guard else Client.default_client()
    config = SourceConfig(cache_action="force-cache-only" if guard else "cache-or-fetch")
    gateway = Gateway(cache_dir=cache, client=client, default_config=config)
    records: Sequence[RepoDataRecord]
    if job["specs"]:
        records = await _solved(job, channels, gateway)
    else:
        records = await _looked_up(job["packages"], channels, gateway, job["platform"])
    prefix = job["prefix"]
    if prefix and records:
        for record in records:
            _check_local_file(record)
        await install(
            list(records),
            prefix,
            # The folder is where the gateway keeps packages, too. What was damaged in it is unpacked anew.
            package_cache=PackageCache.new_layered([cache / "pkgs"], validation_mode=ValidationMode.full()),
            platform=Subdir(job["platform"]),
            execute_link_scripts=False,  # they are code of the packages, and would run outside of any sandbox
            show_progress=False,
            client=client,
        )
    elif prefix:
        records = [PrefixRecord.from_path(path) for path in sorted(Path(prefix).glob("conda-meta/*.json"))]
    named = {record.name.normalized: _package(record, channels) for record in records}
    order = PackageRecord.sort_topologically(list(records))
    return Reply(
        channels={name: channel.base_url for name, channel in channels.items()},
        packages=[named[record.name.normalized] for record in order],
    )


async def _solved(job: Job, channels: dict[str, Channel], gateway: Gateway) -> list[RepoDataRecord]:
    """The records of a solution, with the first channel that has a package as its only source."""
    platforms = [Subdir(job["platform"]), Subdir("noarch")]
    wanted = job["virtual_packages"]
    virtual: list[GenericVirtualPackage] | list[VirtualPackage]
    if wanted is None:
        virtual = VirtualPackage.detect(VirtualPackageOverrides.from_env())
    else:
        virtual = [_virtual(text) for text in wanted]
    preferred: list[RepoDataRecord] = []
    if job["preferred"]:
        hashes = {package["sha256"] for package in job["preferred"]}
        names = [_name(package) for package in job["preferred"]]
        offered = await gateway.query(list(channels.values()), platforms, names, recursive=False)
        preferred = [one for some in offered for one in some if one.sha256 and one.sha256.hex() in hashes]
    specs = [MatchSpec(spec) for spec in job["specs"]]
    if len(channels) > 1:
        # Of a package that is asked for, only files that fit the whole specification are looked at. That the
        # first channel has none of them must not open the way to the next one, so all are asked for, too.
        specs += [MatchSpec(spec.name.normalized) for spec in specs if spec.channel is None]
    return await solve(
        list(channels.values()),
        specs,
        gateway,
        platforms,
        locked_packages=preferred,
        virtual_packages=virtual,
        channel_priority=ChannelPriority.Strict,
    )


async def _looked_up(
    packages: list[Package], channels: dict[str, Channel], gateway: Gateway, platform: str
) -> list[RepoDataRecord]:
    """The records of given files, read from the files themselves: no index is asked, and none can differ."""
    bases: dict[str, str] = {}
    specs: list[MatchSpec] = []
    for package in packages:
        channel = channels.get(package["channel"]) or Channel(package["channel"])
        address = channel.base_url + package["path"]
        bases[package["sha256"]] = channel.base_url
        specs.append(MatchSpec(f'{_name(package)}[url="{address}", sha256={package["sha256"]}]'))
    if not specs:
        return []
    found = await gateway.query([], [Subdir(platform), Subdir("noarch")], specs, recursive=False)
    records = [record for some in found for record in some]
    for record in records:
        if record.sha256 is not None:
            record.channel = bases[record.sha256.hex()]
    return records


def _check_local_file(record: RepoDataRecord) -> None:
    """Compare the hash of a file of this machine, which py-rattler does for downloads only."""
    address = urlsplit(record.url)
    if address.scheme != "file" or record.sha256 is None:
        return
    digest = hashlib.sha256()
    with Path(unquote(address.path)).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.digest() != record.sha256:
        stated, found = record.sha256.hex(), digest.hexdigest()
        raise _RefusedError(f"hash mismatch of {record.url}: expected {stated}, got {found}")


def _package(record: RepoDataRecord, channels: dict[str, Channel]) -> Package:
    if record.sha256 is None:
        raise _RefusedError(f"{record.url}: the channel states no sha256, so this package cannot be locked")
    known = {channel.base_url: name for name, channel in channels.items()}
    base, subdir, _ = record.url.rsplit("/", 2)
    channel = known.get(f"{base}/", base)
    return Package(channel=channel, path=f"{subdir}/{record.file_name}", sha256=record.sha256.hex())


def _name(package: Package) -> str:
    return package["path"].rpartition("/")[2].rsplit("-", 2)[0]


def _virtual(text: str) -> GenericVirtualPackage:
    name, version, build = text.split("=")
    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))


if __name__ == "__main__":
    code = 1
    try:
        code = main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
