"""
The seal on callbacks: ES256 over the raw body with a test key, written in every way the documentation leaves open.

The key comes from the studio's seed: it keeps tests honest, not strangers out.
"""

import base64
import hashlib
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from panjaya_watchd.rehearsal.switches import Switches

_COORDINATE: Final = 32


class Seal:
    """Signs with a key of its own, which is made when it is first needed."""

    def __init__(self, switches: Switches, seed: int) -> None:
        self._switches = switches
        self._seed = seed

    @cached_property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        # A digest is below the order of P-256 but for one in four billion, and never 0.
        secret = hashlib.sha256(f"callbacks {self._seed}".encode()).digest()
        return ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """Give the PEM of the public half."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body: bytes) -> str:
        """Give the text of ``X-Signature`` for a body."""
        signature = self._key.sign(body, ec.ECDSA(SHA256()))
        if self._switches.signature_form == "raw":
            signature = b"".join(number.to_bytes(_COORDINATE) for number in utils.decode_dss_signature(signature))
        if self._switches.signature_encoding == "hex":
            return signature.hex()
        return base64.b64encode(signature).decode()
