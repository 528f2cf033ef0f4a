"""Which signatures are Panjaya's: every spelling of a true one, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from hypothesis import example, given
from hypothesis import strategies as st
from sealing import BODY, OURS, TEXTS, der, raw

from panjaya_watchd.errors import SettingsError
from panjaya_watchd.web.signature import PANJAYA, PublicKey, read_public_key

KEY: Final = PublicKey(OURS.public_key())


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Write the public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("sign", [raw, der])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_spelling_of_a_true_signature_counts(sign: Callable[[], bytes], text: Callable[[bytes], str]) -> None:
    """Hex or base64, plain or DER: the documentation does not say which. Fifty, because each signature is another."""
    assert all(KEY.signed(text(sign()), BODY) for _ in range(50))


@pytest.mark.parametrize("sign", [raw, der])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_body_that_was_touched_is_not_signed(sign: Callable[[], bytes], text: Callable[[bytes], str]) -> None:
    """One byte more, fewer or other is another body."""
    signature = text(sign())

    assert not any(KEY.signed(signature, body) for body in (BODY + b"\n", BODY[:-1], BODY.replace(b"a1", b"a2"), b""))


def test_the_signature_of_another_key_does_not_count() -> None:
    """Also Panjaya's own key does not make ours, nor ours its."""
    others = (PublicKey(ec.generate_private_key(ec.SECP256R1()).public_key()), read_public_key(None))

    assert [key.signed(text(sign()), BODY) for key in others for sign in (raw, der) for text in TEXTS.values()] == (
        [False] * 24
    )


@given(st.text() | st.binary().map(bytes.hex) | st.binary(max_size=80).map(TEXTS["base64"]), st.binary())
@example("", b"")
@example("00" * 64, BODY)
@example("ff" * 64, BODY)
@example("30" * 64, BODY)
@example("3006020100020100", BODY)
@example("\ud800", BODY)
@example("=", BODY)
def test_no_other_header_raises_or_counts(signature: str, body: bytes) -> None:
    """Whatever a stranger writes is simply not signed."""
    assert not KEY.signed(signature, body)


@given(st.integers(0, 63), st.integers(1, 255))
def test_no_bit_of_a_signature_may_be_another(place: int, change: int) -> None:
    """A true signature with one byte changed is none."""
    touched = bytearray(raw())
    touched[place] ^= change

    assert not KEY.signed(touched.hex(), BODY)


def test_the_pinned_key_is_one_on_p256() -> None:
    """What the documentation shows can be read, and is of the kind that ES256 needs."""
    key = load_pem_public_key(PANJAYA)

    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert not read_public_key(None).signed(raw().hex(), BODY)


def test_another_key_may_be_configured(tmp_path: Path) -> None:
    """A file with its PEM is enough."""
    file = tmp_path / "key.pem"
    file.write_bytes(pem(OURS))

    assert read_public_key(file).signed(raw().hex(), BODY)


PRIVATE: Final = OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"panjaya-secret",
        PANJAYA[:90],
        PANJAYA.replace(b"MFkw", b"MFkx"),
        PRIVATE,
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),
        b"\0" * 100_000,
    ],
    ids=["empty", "a secret", "half a key", "a damaged key", "a private key", "P-384", "RSA", "large"],
)
def test_a_file_that_holds_no_such_key_is_a_fault(tmp_path: Path, content: bytes) -> None:
    """It is named with what belongs there, and nothing of what is in it is shown."""
    file = tmp_path / "key.pem"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match="found no PEM of a public key on P-256") as caught:
        read_public_key(file)
    assert str(file) in str(caught.value)
    assert "BEGIN PUBLIC KEY" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_key_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """Not there, a directory, or a FIFO, which must not stop the daemon."""
    os.mkfifo(tmp_path / "fifo")

    for name, found in (("nowhere", "No such file"), (".", "no PEM"), ("fifo", "no PEM")):
        with pytest.raises(SettingsError, match=found):
            read_public_key(tmp_path / name)
