"""
Published signatures and forgeries get the verdict that is stated for them, in every spelling of the header.

RFC 7515, appendix A.3, is the example of ES256 itself. Project Wycheproof's sets (see ``wycheproof/README.md``) hold
the forgeries that other libraries once believed: numbers outside their range, DER that is nearly right, lengths that
are nearly right. In this edition every vector is stated to be valid or invalid; none is "acceptable", which would leave
a choice. A forgery in one form must also not be believed in the other, which ``signed`` tries as well.
"""

import base64
import json
import lzma
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from sealing import TEXTS

from panjaya_watchd.web.signature import PublicKey

WYCHEPROOF: Final = Path(__file__).with_name("wycheproof")


def groups(form: str) -> list[dict[str, Any]]:
    """Read one set: each key with its tests, which are number, message, signature and stated result."""
    found: list[dict[str, Any]] = json.loads(lzma.decompress((WYCHEPROOF / f"{form}.json.xz").read_bytes()))
    return found


@pytest.mark.parametrize(
    ("form", "stated"), [("der", {"valid": 174, "invalid": 310}), ("p1363", {"valid": 173, "invalid": 89})]
)
def test_wycheproof_gets_the_verdicts_that_it_states(form: str, stated: dict[str, int]) -> None:
    """Every vector, in hex and in base64, in each of their spellings."""
    seen: Counter[str] = Counter()
    wrong = []
    for group in groups(form):
        key = PublicKey.of(_pem(bytes.fromhex(group["key"])))
        for number, message, signature, result in group["tests"]:
            seen[result] += 1
            body, written = bytes.fromhex(message), bytes.fromhex(signature)
            wrong += [
                f"{number} in {spelling}: {result}"
                for spelling, text in TEXTS.items()
                if key.signed(text(written), body) is not (result == "valid")
            ]

    assert wrong == []
    assert seen == stated


def test_the_example_of_rfc_7515() -> None:
    """Appendix A.3: the key by its coordinates, the signing input, and its plain signature in base64url."""
    x, y = (
        int.from_bytes(base64.urlsafe_b64decode(f"{coordinate}="))
        for coordinate in ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
    )
    signed = (
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        b"Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    written = base64.urlsafe_b64decode(f"{signature}==")
    key = PublicKey(ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())

    assert key.signed(signature, signed)
    assert all(key.signed(text(written), signed) for text in TEXTS.values())
    assert not key.signed(signature, signed + b"\n")
    assert not key.signed(signature, signed.partition(b".")[2])


def _pem(der: bytes) -> bytes:
    key = load_der_public_key(der)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
