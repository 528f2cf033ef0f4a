"""
The callback endpoint: ``POST /callback/CLAIM``, where the service says that something happened to a claim's asset.

Every claim gives the service an address of its own, so a callback is a hint to look now, and a witness of which asset
the claim's upload made. It is no more than that: nothing is changed here, and who is told must ask the API before
acting, because a signature proves neither freshness nor the address that a body was meant for. What is not signed, or
not understood, has no effect at all; duplicates, disorder and loss do no harm.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from panjaya_watchd.core.names import AssetId, ClaimId, Locale, VersionId
from panjaya_watchd.web.signature import PublicKey

LARGEST: Final = 64 * 1024
"""Bytes of a body; those in the documentation have about two hundred."""

PATIENCE: Final = 10.0
"""Seconds in which a body has to arrive."""

_CLAIM: Final = re.compile(r"[0-9a-f]{1,64}")
_LONGEST: Final = 256
"""Characters of an id, an event or a locale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    What one callback tells: the claim of its address, and of its body the asset and what happened to it.

    ``event`` may be one that no documentation knows; ``version_id`` and ``locale`` are None where they are not told.
    """

    claim_id: ClaimId
    asset_id: AssetId
    event: str
    version_id: VersionId | None = None
    locale: Locale | None = None


class Callbacks:
    """The application; ``say`` is called in the server's thread for every callback that is signed and understood."""

    def __init__(self, *, key: PublicKey, say: Callable[[Told], None], patience: float = PATIENCE) -> None:
        self._key = key
        self._say = say
        self._patience = patience
        self.app = Starlette(routes=[Route("/callback/{claim_id}", self._hear, methods=["POST"])])
        self.app.router.redirect_slashes = False

    async def _hear(self, request: Request) -> Response:
        claim_id = request.path_params["claim_id"]
        if not _CLAIM.fullmatch(claim_id):
            raise HTTPException(404)
        body = await self._body(request)
        # X-Signature-Algorithm is not asked: there is one algorithm, and whoever writes a body must not choose another.
        if not self._key.signed(request.headers.get("x-signature", ""), body):
            raise HTTPException(401, "X-Signature: expected an ES256 signature of exactly this body.")
        self._say(_told(ClaimId(claim_id), body))
        return Response(status_code=204)

    async def _body(self, request: Request) -> bytes:
        too_large = HTTPException(413, f"The body: expected at most {LARGEST} bytes.")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > LARGEST:
            raise too_large  # at once, also to who waits for "100 Continue" (RFC 9110, section 10.1.1)
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > LARGEST:
                        raise too_large
        except TimeoutError:
            # RFC 9110, section 15.5.9: say at once that we will not wait for the rest.
            raise HTTPException(408, "The body did not arrive in time.", headers={"Connection": "close"}) from None
        except ClientDisconnect:
            raise HTTPException(400, "The body is not whole.") from None
        return bytes(body)


def _told(claim_id: ClaimId, body: bytes) -> Told:
    """
    Read a callback.

    ``event`` has to be there, as any word: more events may come. So has ``asset_id``. Everything else may be missing or
    anything: what is not understood of it was not told.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):  # an integer of thousands of digits is a ValueError as well
        raise HTTPException(400, "The body: expected JSON.") from None
    if not isinstance(told, dict):
        raise HTTPException(400, f"The body: expected a JSON object, found {type(told).__name__}.")
    event, asset_id, version_id = (_word(told.get(key)) for key in ("event", "asset_id", "version_id"))
    if not event:
        raise HTTPException(400, "event: expected the name of an event.")
    if not asset_id:
        raise HTTPException(400, "asset_id: expected the id of an asset.")
    # The documentation tells of the target locale, but not under which of these names.
    locale = _word(told.get("locale")) or _word(told.get("version_locale"))
    return Told(
        claim_id=claim_id,
        asset_id=AssetId(asset_id),
        event=event,
        version_id=VersionId(version_id) if version_id else None,
        locale=Locale(locale) if locale else None,
    )


def _word(value: Any) -> str:
    """Give a short text as it is; "" for anything else. JSON can spell half a character, which no ledger takes."""
    word = value.strip() if isinstance(value, str) else ""
    return word if len(word) <= _LONGEST and word.isprintable() else ""
