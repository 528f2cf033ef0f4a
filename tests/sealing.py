"""
Signatures for tests: a key of our own, every spelling of what it signs, and what strangers and accidents make of it.

``forgeries`` gives headers and bodies that nobody has signed, for ever, by a seed. Each is false by the way it is made,
not by the judgement of what is tested: a change that might leave a true signature true (the case of a hexadecimal
digit, the unused bits at the end of base64, ``n - s`` in place of ``s``) is not made.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

OURS: Final = ec.generate_private_key(ec.SECP256R1())
BODY: Final = b'{"event":"version_ready","asset_id":"a1"}'

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SEC 2, section 2.4.2): r and s are below it, and not 0."""

_FIELD: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1


def der(body: bytes = BODY, key: ec.EllipticCurvePrivateKey = OURS) -> bytes:
    """Sign as ``cryptography`` and key services do."""
    return key.sign(body, ec.ECDSA(SHA256()))


def raw(body: bytes = BODY, key: ec.EllipticCurvePrivateKey = OURS) -> bytes:
    """Sign as JOSE does: r and s, 32 bytes each."""
    return _plain(*utils.decode_dss_signature(der(body, key)))


TEXTS: Final[dict[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "HEX": lambda signature: signature.hex().upper(),
    "base64": lambda signature: base64.b64encode(signature).decode(),
    "base64, no padding": lambda signature: base64.b64encode(signature).decode().rstrip("="),
    "base64url": lambda signature: base64.urlsafe_b64encode(signature).decode(),
    "base64url, no padding": lambda signature: base64.urlsafe_b64encode(signature).decode().rstrip("="),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """A header and a body that do not belong together; ``kind`` says how they were made."""

    kind: str
    header: str
    body: bytes


def forgeries(seed: int) -> Iterator[Forged]:
    """Give forgeries of every kind in turn, without end."""
    dice = Random(seed)
    other = ec.derive_private_key(dice.randrange(1, ORDER), ec.SECP256R1())
    signed = _Signed(dice)
    while True:
        for kind, forge in KINDS.items():
            header, body = forge(dice, signed, other)
            yield Forged(kind=kind, header=header, body=body)


class _Signed:
    """A body and true signatures of it, a new one now and then: to sign costs more than to forge."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._left = 0
        self.body = b""
        self._forms: list[bytes] = []

    def form(self) -> bytes:
        """Give a true signature, plain or DER."""
        if not self._left:
            self._left = 50
            told = {"event": "version_ready", "asset_id": f"a{self._dice.randrange(10**6)}", "version_id": None}
            self.body = json.dumps(told).encode()
            self._forms = [raw(self.body), der(self.body)]
        self._left -= 1
        return self._dice.choice(self._forms)

    def text(self) -> str:
        """Give a true signature in any spelling."""
        return _spelt(self._dice, self.form())


Forge = Callable[[Random, _Signed, ec.EllipticCurvePrivateKey], tuple[str, bytes]]


def _plain(r: int, s: int) -> bytes:
    return r.to_bytes(32) + s.to_bytes(32)


def _spelt(dice: Random, signature: bytes) -> str:
    return dice.choice(list(TEXTS.values()))(signature)


def _flipped(dice: Random, content: bytes) -> bytes:
    """Turn one to three different bits."""
    touched = bytearray(content)
    for bit in dice.sample(range(8 * len(content)), dice.randint(1, 3)):
        touched[bit // 8] ^= 1 << bit % 8
    return bytes(touched)


def _bits_of_the_signature(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    return _spelt(dice, _flipped(dice, signed.form())), signed.body


def _bits_of_the_body(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    return signed.text(), _flipped(dice, signed.body)


def _signature_cut_short(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    form = signed.form()
    return _spelt(dice, form[: dice.randrange(len(form))]), signed.body


def _text_cut_short(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    text = signed.text().rstrip("=")
    return text[: dice.randrange(len(text))], signed.body


def _body_cut_short(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    text = signed.text()
    return text, signed.body[: dice.randrange(len(signed.body))]


def _signature_with_more(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    form, more = signed.form(), dice.randbytes(dice.randint(1, 64))
    return _spelt(dice, dice.choice([form + more, more + form, form + form])), signed.body


def _body_with_more(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    text = signed.text()
    spaced = json.dumps(json.loads(signed.body), indent=1).encode()
    return text, dice.choice([signed.body + b"\n", b" " + signed.body, b"\xef\xbb\xbf" + signed.body, spaced])


def _digit_of_the_text(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Another digit in the text, or none; the last one stays, for base64 leaves bits of it unused."""
    text = signed.text().rstrip("=")
    place = dice.randrange(len(text) - 1)
    same = {text[place].lower(), text[place].upper(), *("+-" if text[place] in "+-" else "")}
    same |= set("/_") if text[place] in "/_" else set()
    digit = dice.choice([digit for digit in "0123456789abcdefghijkXYZ+/-_!%\0\x7féß\u0660\ud800" if digit not in same])
    return text[:place] + digit + text[place + 1 :], signed.body


def _spelt_twice(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    return _spelt(dice, signed.text().encode()), signed.body


def _two_in_one(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    between = dice.choice([", ", ",", ";", "."])
    return f"{signed.text()}{between}{signed.text()}", signed.body


def _named(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    name = dice.choice(["sha256=", "ES256 ", "v1=", "0x", '"'])
    return name + signed.text(), signed.body


def _halves_swapped(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    signed.form()
    r, s = utils.decode_dss_signature(der(signed.body))
    return _spelt(dice, dice.choice([_plain(s, r), utils.encode_dss_signature(s, r), _plain(r, s)[::-1]])), signed.body


def _of_another_key(dice: Random, signed: _Signed, other: ec.EllipticCurvePrivateKey) -> tuple[str, bytes]:
    signed.form()
    return _spelt(dice, dice.choice([raw, der])(signed.body, other)), signed.body


def _of_another_body(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    return signed.text(), BODY + str(dice.random()).encode()


def _of_another_hash(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Sign with SHA-384, or the digest in place of the body."""
    signed.form()
    digest = hashlib.sha256(signed.body).digest()
    return _spelt(dice, dice.choice([OURS.sign(signed.body, ec.ECDSA(SHA384())), raw(digest)])), signed.body


def _special_numbers(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Zero, one, the order, its neighbours: what ECDSA without checks of the range would believe of anybody."""
    signed.form()
    special = [0, 1, 2, ORDER - 1, ORDER, ORDER + 1, _FIELD, _FIELD - ORDER, 2**256 - 1]
    r, s = dice.choice(special), dice.choice(special)
    return _spelt(dice, dice.choice([_plain, utils.encode_dss_signature])(r, s)), signed.body


def _numbers_out_of_range(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Add to one of the true numbers what arithmetic takes away again; in DER, which has room for it."""
    signed.form()
    numbers = list(utils.decode_dss_signature(der(signed.body)))
    numbers[dice.randrange(2)] += dice.choice([ORDER, 2**256, ORDER << 256])
    return _spelt(dice, utils.encode_dss_signature(*numbers)), signed.body


def _der_nearly_right(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Another tag, a longer way to write the length, a zero before a number."""
    signed.form()
    written = der(signed.body)
    rest = written[2:]
    made = [
        bytes([dice.choice([0x31, 0x10, 0x70, 0xB0]), written[1]]) + rest,
        b"\x30\x81" + bytes([len(rest)]) + rest,
        b"\x30\x80" + rest + b"\0\0",
        bytes([0x30, len(rest) + 1]) + b"\x02" + bytes([rest[1] + 1]) + b"\0" + rest[2:],
        bytes([0x30, len(rest) + 2]) + rest + b"\x05\0",
    ]
    return _spelt(dice, dice.choice(made)), signed.body


def _plain_of_another_length(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Write the true numbers with zeros before them: RFC 7518, section 3.4, has exactly 64 bytes."""
    signed.form()
    plain, zeros = raw(signed.body), bytes(dice.randint(1, 32))
    r, s = plain[:32], plain[32:]
    return _spelt(dice, dice.choice([r + zeros + s, zeros + r + s, zeros + r + zeros + s, r + s + zeros])), signed.body


def _random_bytes(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    length = dice.choice([0, 1, 63, 64, 65, 70, 71, 72, dice.randrange(200)])
    first = dice.choice([b"", b"\x30"])
    return _spelt(dice, first + dice.randbytes(length)), dice.choice([signed.body, dice.randbytes(length)])


def _random_text(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Anything that a header could hold, and what it could not."""
    highest = dice.choice([0x7F, 0xFF, 0xFFFF, 0x10FFFF])
    return "".join(chr(dice.randrange(highest)) for _ in range(dice.randrange(160))), signed.body


def _nothing(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    signed.form()
    return dice.choice(["", " ", "=", "====", "\t", "-", "null"]), dice.choice([b"", signed.body])


def _huge(dice: Random, signed: _Signed, _: object) -> tuple[str, bytes]:
    """Write a header, or a body, of up to 128 KiB."""
    size = 1 << dice.randint(8, 17)
    if dice.randrange(2):
        return signed.text() * (size // 128 + 2), signed.body
    return signed.text(), signed.body + b" " * size


KINDS: Final[dict[str, Forge]] = {
    forge.__name__.strip("_").replace("_", " "): forge
    for forge in (
        _bits_of_the_signature,
        _bits_of_the_body,
        _signature_cut_short,
        _text_cut_short,
        _body_cut_short,
        _signature_with_more,
        _body_with_more,
        _digit_of_the_text,
        _spelt_twice,
        _two_in_one,
        _named,
        _halves_swapped,
        _of_another_key,
        _of_another_body,
        _of_another_hash,
        _special_numbers,
        _numbers_out_of_range,
        _der_nearly_right,
        _plain_of_another_length,
        _random_bytes,
        _random_text,
        _nothing,
        _huge,
    )
}
