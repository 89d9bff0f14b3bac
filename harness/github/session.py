"""Requests to GitHub's API, by a session of github3.py. It has no types: none of it is seen outside.

The token goes to the API alone: what the API redirects to (the store of artifacts) does not get it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import github3.exceptions
import msgspec
import requests
import urllib3.exceptions
from github3.models import GitHubCore
from github3.session import GitHubSession
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from harness.errors import GitHubError, OutputError, RefusedError, UsageError
from harness.github.rate_limit import seconds_to_wait

T = TypeVar("T")

PUBLIC = "https://api.github.com"
_HERE = ("127.0.0.1", "localhost", "::1")
_CHUNK = 1024**2
_HEADERS = {
    "Accept": "application/vnd.github+json, application/json;q=0.9",
    "X-GitHub-Api-Version": "2022-11-28",
}


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to try.

    Attributes:
        connect: seconds for a connection.
        read: seconds without a byte of the answer.
        tries: of each request that meets no answer or one of 500, 502, 503, 504.
        backoff: seconds before the third try; each one after it waits twice as long.
        rate_limit: seconds that all waits for rate limits may take together.
    """

    connect: float = 10
    read: float = 30
    tries: int = 5
    backoff: float = 2
    rate_limit: float = 300


DEFAULT = Patience()


class Api:
    """GitHub's API below one repository, as JSON. A path is given by its parts, of any characters.

    All methods raise GitHubError: one sentence with what was asked, why in vain, and what to run again.
    """

    def __init__(self, url: str, token: str, repository: str, *, again: str, patience: Patience) -> None:
        self.repository = repository
        self._session = GitHubSession(
            default_connect_timeout=patience.connect, default_read_timeout=patience.read
        )
        self._session.base_url = url
        self._session.headers.update(_HEADERS)
        self._session.token_auth(token)
        # Nothing that is sent twice does harm: what it may make twice is found and taken away (sticky.py).
        retry = Retry(
            total=patience.tries - 1,
            allowed_methods=None,
            status_forcelist=(500, 502, 503, 504),
            backoff_factor=patience.backoff / 2,
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter(retry, patience.rate_limit))
        self._tries = patience.tries
        self._longest_wait = patience.rate_limit
        self._again = again
        self._core = _Core({}, self._session)

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(self, *path: str | int, **query: str) -> Any:
        """What is there."""
        return self._ask("GET", path, lambda url: self._core.get(url, query))

    def each(self, *path: str | int, key: str | None = None, **query: str) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page; ``key`` is where the list is inside of the answer."""
        items = self._core.each(self._url(path), key, query)
        while (item := self._ask("GET", path, lambda _: next(items, None))) is not None:
            yield item.as_dict()

    def post(self, *path: str | int, body: Mapping[str, Any], status: int = 201) -> Any:
        """Make something; ``status`` is the answer to expect."""
        return self._ask("POST", path, lambda url: self._core.post(url, body, status))

    def patch(self, *path: str | int, body: Mapping[str, Any]) -> Any:
        """Change something."""
        return self._ask("PATCH", path, lambda url: self._core.patch(url, body))

    def delete(self, *path: str | int) -> None:
        """Delete something; what is gone already is as good."""
        self._ask("DELETE", path, self._core.delete)

    def download(self, *path: str | int, target: Path, limit: int) -> None:
        """Write what a path leads to into ``target``; RefusedError if it has more bytes than ``limit``."""
        self._ask("GET", path, lambda url: self._download(url, target, limit))

    def failed(self, what: str, *, status: int = 0, when: str = "") -> GitHubError:
        """The error that says ``what``, that nothing is lost, and what to run again."""
        return GitHubError(
            f"GitHub: {what}; no verdict is lost: run `{self._again}` again{when}", status=status
        )

    def _url(self, path: tuple[str | int, ...]) -> str:
        parts = (quote(str(part), safe="") for part in path)
        return "/".join((self._session.base_url, "repos", self.repository, *parts))

    def _ask(self, method: str, path: tuple[str | int, ...], ask: Callable[[str], T]) -> T:
        """What ``ask`` answers; every way in which it can fail is told as a sentence."""
        what = f"{method} {'/'.join(map(str, path))}"
        try:
            return ask(self._url(path))
        except github3.exceptions.UnprocessableResponseBody as error:
            raise self.failed(f"{what}: the answer has another shape than it should") from error
        except github3.exceptions.UnexpectedResponse as error:
            raise self.failed(f"{what}: the answer is no JSON") from error
        except github3.exceptions.ResponseError as error:
            raise self._refused(what, error.response) from error
        except (github3.exceptions.TransportError, requests.RequestException) as error:
            raise self.failed(f"{what}: {self._unreached(error)}") from error

    def _refused(self, what: str, response: requests.Response) -> GitHubError:
        """The error for an answer that is a refusal."""
        status = response.status_code
        wait = _wait_of(response)
        if wait is not None:
            until = time.strftime("%H:%M", time.gmtime(time.time() + wait + 59))
            most = f"{self._longest_wait:.0f} seconds are the most that is waited for"
            return self.failed(
                f"{what}: the rate limit is reached, and {most}", status=status, when=f" after {until} UTC"
            )
        if status >= 500:
            return self.failed(f"{what}: the answer was {status}, {self._tries} times", status=status)
        said = _message(response)
        advice = {
            401: "; give the job a valid token in GITHUB_TOKEN",
            403: "; give the job this permission in its workflow",
            404: "; it is not there, or the token may not see it",
        }
        return self.failed(f"{what}: refused with {status} ({said}){advice.get(status, '')}", status=status)

    def _unreached(self, error: Exception) -> str:
        """Why there was no answer."""
        host = urlsplit(self._session.base_url).netloc
        cause = getattr(error, "exception", error)
        if isinstance(cause, requests.exceptions.ChunkedEncodingError):
            return f"{host} broke off in the middle of its answer"
        reason = getattr(cause.args[0] if cause.args else None, "reason", None)
        slow = isinstance(cause, requests.Timeout) or isinstance(reason, urllib3.exceptions.TimeoutError)
        # A refused connection is a time-out, too, to that library.
        if slow and not isinstance(reason, urllib3.exceptions.NewConnectionError):
            return f"{host} did not answer in time, {self._tries} times"
        return f"{host} cannot be reached, tried {self._tries} times"

    def _download(self, url: str, target: Path, limit: int) -> None:
        with self._session.get(url, stream=True) as response:
            if response.status_code != 200:
                response.content  # noqa: B018 - the words of the refusal
                raise github3.exceptions.error_for(response)
            got = 0
            try:
                with target.open("wb") as stream:
                    for chunk in response.iter_content(_CHUNK):
                        got += len(chunk)
                        if got > limit:
                            raise RefusedError(f"{target.name}: has more than the {limit:,} bytes allowed")
                        stream.write(chunk)
            except OSError as error:
                if isinstance(error, requests.RequestException):
                    raise
                raise OutputError(
                    f"{target}: cannot be written ({error.strerror or error}); "
                    "free space or choose another folder"
                ) from error


def connect(
    variables: Mapping[str, str], *, again: str, repository: str = "", patience: Patience | None = None
) -> Api:
    """The API, as the variables of a job of GitHub Actions say; to be closed by a ``with``.

    Args:
        again: the command to run again where GitHub fails.
        repository: OWNER/NAME; empty for that of the job.

    Raises:
        UsageError: names the variable that is missing or wrong.
    """
    url = (variables.get("GITHUB_API_URL") or PUBLIC).rstrip("/")
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _HERE):
        raise UsageError(f"GITHUB_API_URL: {url!r} does not begin with https://; a token is sent to it")
    token = variables.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError("GITHUB_TOKEN: is not set; in a workflow: `env: GITHUB_TOKEN: ${{ github.token }}`")
    repository = repository or variables.get("GITHUB_REPOSITORY", "")
    owner, _, name = repository.partition("/")
    if not owner or not name or "/" in name:
        raise UsageError(f"GITHUB_REPOSITORY: {repository!r} is not OWNER/NAME; set it, or name --repository")
    return Api(url, token, repository, again=again, patience=patience or DEFAULT)


class _Core(GitHubCore):  # type: ignore[misc]  # untyped
    """What github3.py hands to its own objects."""

    def get(self, url: str, query: Mapping[str, str]) -> Any:
        return self._json(self._get(url, params=query), 200, include_cache_info=False)

    def each(self, url: str, key: str | None, query: Mapping[str, str]) -> Any:
        return self._iter(-1, url, GitHubCore, dict(query), list_key=key)

    def post(self, url: str, body: Mapping[str, Any], status: int) -> Any:
        return self._json(self._post(url, dict(body)), status, include_cache_info=False)

    def patch(self, url: str, body: Mapping[str, Any]) -> Any:
        return self._json(self._patch(url, json=dict(body)), 200, include_cache_info=False)

    def delete(self, url: str) -> None:
        self._boolean(self._request("delete", url), 204, 404)


class _Adapter(HTTPAdapter):
    """Sends again what failed by chance, and what a rate limit refused if it does not take too long."""

    def __init__(self, retry: Retry, patience: float) -> None:
        super().__init__(max_retries=retry)
        self._left = patience

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        while True:
            response = super().send(request, *args, **named)
            wait = _wait_of(response)
            if wait is None or wait > self._left:
                return response
            self._left -= wait
            response.close()
            print(f"GitHub: the rate limit is reached; waiting {wait:.0f} s", file=sys.stderr)  # noqa: T201
            time.sleep(wait)


def _wait_of(response: requests.Response) -> float | None:
    if response.status_code not in (403, 429):
        return None
    return seconds_to_wait(response.status_code, response.headers, response.text, now=time.time())


def _message(response: requests.Response) -> str:
    """What GitHub says, on one line."""
    try:
        said = response.json()["message"]
    except (ValueError, KeyError, TypeError):
        said = response.reason
    return " ".join(str(said).split())[:300]
