"""
Signed links: to results, as object stores sign them, and to the Studio's pages.

The query holds an expiry and a signature over it; who has the link needs no other key.
"""

import hashlib
import hmac
import math
from datetime import datetime
from urllib.parse import urlencode

from panjaya_watchd.rehearsal.records import VersionRecord
from panjaya_watchd.rehearsal.request import Refused


class Signer:
    """Makes and checks links. The secret comes from a seed: it keeps tests honest, not strangers out."""

    def __init__(self, seed: int) -> None:
        self._secret = str(seed).encode()

    def link(self, version: VersionRecord, base_url: str, now: datetime, *, lasts: float, fresh: bool) -> str:
        """Sign a link that lasts so many seconds, rounded up; not ``fresh``: with the expiry of the first one."""
        if version.expires is None or fresh:
            version.expires = math.ceil(now.timestamp() + lasts)
        query = self._query("result", version.version_id, version.expires)
        return f"{base_url}/results/{version.version_id}/{version.locale}.mp4?{query}"

    def sign(self, kind: str, version_id: str, now: datetime, *, lasts: float) -> str:
        """Give the query of a link of this kind that lasts so many seconds, rounded up."""
        return self._query(kind, version_id, math.ceil(now.timestamp() + lasts))

    def check(self, kind: str, version_id: str, expires: str, signature: str, now: datetime) -> None:
        """Raise `Refused` 403 for a link of this kind that we did not sign or that has expired."""
        if not hmac.compare_digest(signature.encode(), self._sign(kind, version_id, expires).encode()):
            raise Refused(403, "SignatureDoesNotMatch")
        if now.timestamp() >= int(expires):
            raise Refused(403, "Request has expired")

    def _query(self, kind: str, version_id: str, expires: int) -> str:
        return urlencode({"expires": expires, "signature": self._sign(kind, version_id, str(expires))})

    def _sign(self, kind: str, version_id: str, expires: str) -> str:
        return hmac.new(self._secret, f"{kind} {version_id} {expires}".encode(), hashlib.sha256).hexdigest()
