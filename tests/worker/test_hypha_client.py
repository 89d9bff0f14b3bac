"""What the client of a model runner makes of an error, without a server; with one: tests/main_job."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from harness.worker.runners.hypha_client import _NOT_CALLED, Address, _parts

TOKEN = "eyJhbGciOi.secret"  # noqa: S105
SERVICE = Address("https://hypha.example", "public/model-runner", token=TOKEN)


def _told(fail: Callable[[], object]) -> str:
    """An error as Hypha's client tells it."""
    try:
        fail()
    except Exception as error:
        return f"RemoteError:{error}\n{''.join(traceback.format_exception(error))}"
    raise AssertionError


def _chained() -> None:
    try:
        int("x")
    except ValueError as error:
        raise RuntimeError("the first line\n  the second line") from error


def test_the_message_is_that_of_the_last_error() -> None:
    message, trace = _parts(_told(_chained))
    assert message == "RuntimeError: the first line\n  the second line"
    assert trace.startswith("Traceback (most recent call last):")
    assert "invalid literal for int() with base 10: 'x'" in trace
    assert "direct cause" in trace


@pytest.mark.parametrize(
    ("told", "message"),
    [("RemoteError:no such model\n", "no such model"), ("TimeoutError: ", "TimeoutError:"), ("", "")],
)
def test_without_a_trace_the_text_is_the_message(told: str, message: str) -> None:
    assert _parts(told) == (message, "")


def test_a_token_is_in_no_text() -> None:
    assert SERVICE.without_token(f"GET /ws?token={TOKEN} failed") == "GET /ws?token=(the token) failed"
    assert TOKEN not in f"{SERVICE} {SERVICE!r}"
    assert SERVICE._replace(token="").without_token("as it is") == "as it is"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("TypeError: ModelRunner.infer() got an unexpected keyword argument 'model_id'", True),
        ("TypeError: infer() missing 1 required positional argument: 'rdf_path'", True),
        ("Exception: Method expired or not found: services.model-runner.infer", True),
        ("PermissionError: Permission denied for invoking protected method services.x.infer", True),
        ("TypeError: UNet.forward() got an unexpected keyword argument 'x'", False),
        ("PermissionError: [Errno 13] Permission denied: 'weights.pt'", False),
        ("ValueError: infer() got an empty image", False),
    ],
)
def test_who_says_that_a_call_did_not_get_there(message: str, expected: bool) -> None:
    assert bool(_NOT_CALLED.match(message)) is expected
