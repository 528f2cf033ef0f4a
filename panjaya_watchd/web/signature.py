"""
Whether a callback was signed by Panjaya: ES256, which is ECDSA on P-256 with SHA-256, over the raw body.

The documentation leaves open how the signature is written, so every likely spelling is read (hex or base64, plain
``r || s`` or ASN.1 DER). That weakens nothing: each spelling is checked as strictly, under the one key. Nothing here
raises on any header or body. A signature holds neither a time nor our address, so it proves who wrote a body, and not
when, nor for whom.
"""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from panjaya_watchd.core.names import display
from panjaya_watchd.errors import SettingsError

PANJAYA: Final = b"""\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZbUzbbuVyzSv7zVmH6rKypr6ojSS
/86W9dU6mwbdfAtUAx+QI7GNxl/4H1QV2BuBrysabh56O/YXhnFJMh7Lng==
-----END PUBLIC KEY-----
"""
"""The key that the API's documentation shows."""

_COORDINATE: Final = 32
"""Bytes of r, and of s (RFC 7518, section 3.4)."""

_SEQUENCE: Final = b"\x30"
"""With this begins every ECDSA signature in DER (RFC 3279, section 2.2.3)."""

_LARGEST: Final = 16 * 1024
"""Bytes of a key file; a public key has 178."""


class PublicKey:
    """A public key on P-256."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    @classmethod
    def of(cls, pem: bytes) -> Self:
        """Read a key; ValueError for anything that is no PEM of a public key on P-256."""
        try:
            key = load_pem_public_key(pem)
        except UnsupportedAlgorithm as error:
            raise ValueError(str(error)) from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("a key of another kind")  # noqa: TRY004  (the file is wrong, not the caller)
        return cls(key)

    def signed(self, signature: str, body: bytes) -> bool:
        """Say whether the text of a signature, in any spelling, is this key's over exactly these bytes."""
        return any(self._verifies(der, body) for written in _decoded(signature) for der in _as_der(written))

    def _verifies(self, der: bytes, body: bytes) -> bool:
        try:
            self._key.verify(der, body, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def read_public_key(file: Path | None) -> PublicKey:
    """
    Read the key that callbacks are signed with; None: Panjaya's own.

    Raises:
        SettingsError: the file cannot be read, or holds no public key on P-256.

    """
    if file is None:
        return PublicKey.of(PANJAYA)
    try:
        return PublicKey.of(_content(file))
    except (OSError, ValueError) as error:
        found = error.strerror if isinstance(error, OSError) else "no PEM of a public key on P-256"
        raise SettingsError(
            f"[http] callback_key_file {display(str(file))}: expected the public key that callbacks are signed with, "
            f"found {found}.",
            hint="Save the key from Panjaya's page on callbacks there, from BEGIN PUBLIC KEY to END PUBLIC KEY, or "
            "take callback_key_file out for the key that this release knows.",
        ) from error


def _content(file: Path) -> bytes:
    if not S_ISREG(file.stat().st_mode):  # to open a FIFO would stop the daemon for ever
        raise ValueError("no regular file")
    with file.open("rb") as stream:
        return stream.read(_LARGEST)


def _decoded(text: str) -> Iterator[bytes]:
    """Give the bytes that a text may stand for. One text may be hex and base64 at once; then it has two readings."""
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(text)
    with contextlib.suppress(ValueError):
        plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
        yield base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _as_der(signature: bytes) -> Iterator[bytes]:
    """Give the DER forms that a signature may be meant as; 64 bytes may be either form."""
    if len(signature) == 2 * _COORDINATE:
        r, s = (int.from_bytes(half) for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
        yield utils.encode_dss_signature(r, s)
    if signature.startswith(_SEQUENCE):
        yield signature
