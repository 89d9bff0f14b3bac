"""The server: faults first, then GitHub's description, then the state."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from functools import cache
from types import TracebackType
from typing import Any

from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from openapi_core.exceptions import OpenAPIError
from werkzeug.exceptions import NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.github.double.answers import description
from tests.github.double.faults import Fault
from tests.github.double.routes import ROUTES
from tests.github.double.state import REPOSITORY, State

TOKEN = "ghs_not-a-real-token"  # noqa: S105
_STORE = "/store/"  # where GitHub keeps artifacts: another host, and no token is to come there
_BELOW = f"/repos/{REPOSITORY}"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass


class _AtGitHub(WerkzeugOpenAPIRequest):
    """The description knows its own host only."""

    @property
    def host_url(self) -> str:
        return "https://api.github.com"

    @property
    def path(self) -> str:
        """It knows no parameter with a slash, which the path of a file has."""
        before, contents, file = super().path.partition("/contents/")
        return before + contents + file.replace("/", "%2F")


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_dict(description())


class Double:
    """GitHub's API at ``url``, with the state ``state``.

    Attributes:
        requests: each request that came, as ``METHOD path``.
        violations: what GitHub's description does not allow, of requests and of answers.
    """

    def __init__(self) -> None:
        self.state = State()
        self.requests: list[str] = []
        self.violations: list[str] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        self._routes = Map(
            [
                *(
                    Rule(f"{_BELOW}{path}", endpoint=(method, path), methods=[method])
                    for method, path in ROUTES
                ),
                Rule(f"{_BELOW}/actions/artifacts/<int:id>/zip", endpoint="artifact"),
                Rule(f"{_STORE}<int:id>", endpoint="store"),
            ]
        )
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Double:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The root of the API."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What a job of a workflow finds in its environment."""
        return {"GITHUB_API_URL": self.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": REPOSITORY}

    def fail(self, **fault: Any) -> Fault:
        """Let the next requests meet a fault; see :class:`Fault`."""
        self.faults.append(Fault(**fault))
        return self.faults[-1]

    def _answer(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.requests.append(f"{request.method} {request.path.removeprefix(_BELOW)}")
        with self._lock:
            fault = next((one for one in self.faults if one.meets(request.method, request.path)), None)
        response = self._of_fault(fault) or self._of_state(request)
        return response(environ, start_response)

    def _of_fault(self, fault: Fault | None) -> Response | None:
        if fault is None:
            return None
        fault.first()
        time.sleep(fault.delay)
        return _json(fault.status, {"message": fault.message}, fault.headers) if fault.status else None

    def _of_state(self, request: Request) -> Response:
        try:
            endpoint, values = self._routes.bind_to_environ(request.environ).match()
        except NotFound:
            return _json(404, {"message": "Not Found"})
        if endpoint == "store":
            return self._of_store(request, values["id"])
        if request.headers.get("Authorization") != f"token {TOKEN}":
            return _json(401, {"message": "Bad credentials"})
        asked = _AtGitHub(request)
        try:
            _openapi().validate_request(asked)
            response = self._of_route(request, endpoint, values)
            if response.status_code < 400:
                _openapi().validate_response(asked, WerkzeugOpenAPIResponse(response))
        except OpenAPIError as error:
            self.violations.append(f"{self.requests[-1]}: {error!r} {error.__cause__!r}")
            return _json(418, {"message": self.violations[-1]})
        return response

    def _of_route(self, request: Request, endpoint: Any, values: Mapping[str, Any]) -> Response:
        if endpoint == "artifact":
            return Response(
                status=302,
                headers={"Location": f"http://localhost:{self._server.port}{_STORE}{values['id']}"},
            )
        body = json.loads(request.get_data() or b"null")
        with self._lock:
            status, answer = ROUTES[endpoint](self.state, request.args.to_dict(), body, **values)
        if answer is None:
            return Response(status=status)
        page = _Page(request)
        return _json(status, page.of(answer), page.headers)

    def _of_store(self, request: Request, number: int) -> Response:
        if "Authorization" in request.headers:
            self.violations.append("the token was sent to the store of artifacts")
        data = next(artifact.data for artifact in self.state.artifacts if artifact.id == number)
        return Response(data, content_type="application/zip")


class _Page:
    """The page that is asked for; the header that names the next one is there after :meth:`of`."""

    def __init__(self, request: Request) -> None:
        self.headers: dict[str, str] = {}
        self._request = request
        self._size = min(int(request.args.get("per_page", 30)), 100)
        self._number = int(request.args.get("page", 1))

    def of(self, answer: Any) -> Any:
        """The part of the answer that is on it; what is no list stays as it is."""
        if isinstance(answer, list) and self._request.method == "GET":
            return self._part(answer)
        if isinstance(answer, dict) and "total_count" in answer:
            return {
                key: self._part(value) if isinstance(value, list) else value for key, value in answer.items()
            }
        return answer

    def _part(self, items: list[Any]) -> list[Any]:
        end = self._number * self._size
        if end < len(items):
            following = f"{self._request.base_url}?per_page={self._size}&page={self._number + 1}"
            self.headers = {"Link": f'<{following}>; rel="next"'}
        return items[end - self._size : end]


def _json(status: int, value: Any, headers: Any = None) -> Response:
    return Response(json.dumps(value), status=status, headers=headers, content_type="application/json")


def closed_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
