"""
Signed result links, as object stores sign them.

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
        query = {"expires": version.expires, "signature": self._sign(version.version_id, str(version.expires))}
        return f"{base_url}/results/{version.version_id}/{version.locale}.mp4?{urlencode(query)}"

    def check(self, version_id: str, expires: str, signature: str, now: datetime) -> None:
        """Raise `Refused` 403 for a link that we did not sign or that has expired."""
        if not hmac.compare_digest(signature.encode(), self._sign(version_id, expires).encode()):
            raise Refused(403, "SignatureDoesNotMatch")
        if now.timestamp() >= int(expires):
            raise Refused(403, "Request has expired")

    def _sign(self, version_id: str, expires: str) -> str:
        return hmac.new(self._secret, f"{version_id} {expires}".encode(), hashlib.sha256).hexdigest()
