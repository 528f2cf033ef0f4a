"""
``web/openapi.json`` is true: it names what is served and no more, and calls made from it are answered as it says.

schemathesis makes the calls, those that the description allows and those that it does not, always the same few;
``CALLS=2000`` makes so many of each kind.
"""

import inspect
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from receiving import LONG, Open
from schemathesis import Case, Config, GenerationMode, openapi
from sealing import der
from starlette.routing import Route

from panjaya_watchd.web import callback, server
from panjaya_watchd.web.callback import Callbacks
from panjaya_watchd.web.signature import read_public_key

FILE: Final = Path(callback.__file__).with_name("openapi.json")
PATH: Final = "/callback/{claim_id}"
CALLS: Final = int(os.environ.get("CALLS", "12"))

TOLERANT: Final = ("negative_data_rejection", "missing_required_header")
"""Checks that do not hold where every call is signed: we take more than we describe, and the signature is added."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """Read the description."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def test_it_describes_every_route_and_no_other(described: dict[str, Any]) -> None:
    """Paths and methods are those that the application has."""
    routes = Callbacks(key=read_public_key(None), say=print).app.routes
    served = {
        (route.path, method.lower()) for route in routes if isinstance(route, Route) for method in route.methods or ()
    }
    told = {(path, what) for path, item in described["paths"].items() for what in item if what != "parameters"}

    assert told == served


def test_it_describes_every_status_and_bound(described: dict[str, Any]) -> None:
    """Each status that is answered, and each number, is that of the code."""
    item = described["paths"][PATH]
    raised = set(re.findall(r"HTTPException\((\d+)", inspect.getsource(callback)))
    text = FILE.read_text(encoding="utf-8")

    assert set(item["post"]["responses"]) == {"204", *raised}
    assert item["parameters"][0]["schema"]["pattern"] == f"^{callback._CLAIM.pattern}$"
    assert described["components"]["schemas"]["Word"]["pattern"] == f"^[!-~]{{1,{callback._LONGEST}}}$"
    assert f"At most {callback.LARGEST} bytes, which arrive within {callback.PATIENCE:.0f} seconds." in text
    assert f"not arrived after {server.PATIENCE:.0f} seconds" in text
    assert f"not taken {server.TURN:.0f} seconds later" in text
    assert f"beyond {server.CONNECTIONS} at once" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "is_signed", "expected"),
    [
        (GenerationMode.POSITIVE, True, {204}),
        (GenerationMode.POSITIVE, False, {401}),
        (GenerationMode.NEGATIVE, True, {204, 400, 404}),
        (GenerationMode.NEGATIVE, False, {401, 404}),
    ],
    ids=["allowed, signed", "allowed, not signed", "not allowed, signed", "not allowed, not signed"],
)
def test_calls_are_answered_as_described(
    receive: Open, *, mode: GenerationMode, is_signed: bool, expected: set[int]
) -> None:
    """No 5xx, nothing that is not described, in time; and exactly what is answered with 204 is told."""
    receiver = receive()
    off = {name: {"enabled": False} for name in TOLERANT} if is_signed else {}
    schema = openapi.from_path(FILE, config=Config.from_dict({"checks": off}))
    seen: Counter[int] = Counter()

    @settings(max_examples=CALLS, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(schema[PATH]["POST"].as_strategy(generation_mode=mode))
    def call(case: Case[Any]) -> None:
        answer = case.call(
            base_url=f"http://127.0.0.1:{receiver.server.port}", auth=sign if is_signed else None, timeout=LONG
        )
        seen[answer.status_code] += 1
        case.validate_response(answer)

    call()

    print(f"{mode.value}, {'' if is_signed else 'not '}signed: {dict(seen)}")  # noqa: T201  (figures, for -s)
    assert set(seen) <= expected
    assert len(receiver.everything()) == seen[204]


def sign(request: Any) -> Any:
    """Sign exactly the bytes that `requests` is about to send."""
    body = request.body or b""
    request.headers["X-Signature"] = der(body.encode() if isinstance(body, str) else body).hex()
    return request
