"""
Requests as bytes: an order becomes the ``request`` field, and files become the frame of one multipart body.

Pure. The names in the JSON object are the API's and stand here only. The length of the body is known before its first
byte, and the video is its last file, so that nothing but the closing boundary follows the video's last byte. Never
reads a file, never sends anything.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from panjaya_watchd.core.names import AssetId, Locale, VersionId
from panjaya_watchd.core.order import Order

UPLOAD_PATH: Final = "/v1/assets/upload"
ASSETS_PATH: Final = "/v1/assets/"
"""With its slash: without it the service would answer with a redirect, which is never followed."""

VERSIONS_PATH: Final = "/v1/versions/"

FILE_NAME_LIMIT: Final = 120
"""Characters; every file system and parser we know of takes twice as many."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._ ()+,=@-]+")

MEDIA_TYPES: Final = {
    ".3gp": "video/3gpp",
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".avi": "video/x-msvideo",
    ".flac": "audio/flac",
    ".flv": "video/x-flv",
    ".m2ts": "video/mp2t",
    ".m4a": "audio/mp4",
    ".m4v": "video/x-m4v",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".mts": "video/mp2t",
    ".mxf": "application/mxf",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".ts": "video/mp2t",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".wmv": "video/x-ms-wmv",
}
"""Written out, because the standard library's table depends on the files of the host."""


def request_fields(order: Order, srt: Mapping[Locale, str]) -> dict[str, Any]:
    """
    Give the asset parameters of an order, under the API's names; what is not set is left out.

    ``auto_generate`` is always said, because its default is not documented. Times are seconds: whole ones as integers,
    others with at most three decimals. ``media_url`` is for an asset that is made without an upload.

    Args:
        order: what is to be bought.
        srt: the text of the translation to speak, by target locale; a locale without text has no ``srt`` at all.

    """
    fields: dict[str, Any] = {
        "locale": order.locale,
        "languages": languages(order.locales, srt),
        "auto_generate": order.auto_generate.value,
        "lips_model": order.lips_model.value if order.lips_model else None,
        "speakers_count": order.speakers_count or None,  # 0 is not a count of speakers; unknown is left out
        "start_time": _seconds(order.start_time),
        "end_time": _seconds(order.end_time),
        "background_url": order.background_url or None,
        "callback_url": order.callback_url or None,
        "media_url": order.media_url or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def languages(locales: Sequence[Locale], srt: Mapping[Locale, str]) -> list[dict[str, str]]:
    """Give target locales as the API takes them, for a new asset and for one that gets more of them."""
    return [_language(locale, srt.get(locale)) for locale in locales]


def languages_path(asset_id: AssetId) -> str:
    """Give the path that adds languages to an asset; without a slash at its end."""
    return f"{ASSETS_PATH}{quote(asset_id, safe='')}/languages"


def version_path(version_id: VersionId) -> str:
    """Give the path of a version; without a slash at its end."""
    return f"{VERSIONS_PATH}{quote(version_id, safe='')}"


def revise_path(version_id: VersionId) -> str:
    """Give the path that makes a version editable again; without a slash at its end."""
    return f"{version_path(version_id)}/revise"


def studio_url_path(version_id: VersionId) -> str:
    """Give the path that signs a link to the Studio. Inferred: the documentation calls it ``/studio_url``."""
    return f"{version_path(version_id)}/studio_url"


def _language(locale: str, srt: str | None) -> dict[str, str]:
    return {"locale": locale, "srt": srt} if srt else {"locale": locale}


def _seconds(time: float | None) -> int | float | None:
    if time is None:
        return None
    rounded = round(float(time), 3)
    return int(rounded) if rounded.is_integer() else rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """One file in the body: the field's name, the file's own name, its size in bytes."""

    field: str
    file_name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """
    Everything in a multipart body that is not a file.

    ``heads`` holds, for each file in order, the bytes that go before it; ``tail`` closes the body. ``length`` is the
    size of the whole body in bytes, files included: the value of ``Content-Length``.
    """

    content_type: str
    heads: tuple[bytes, ...]
    tail: bytes
    length: int


def multipart(fields: Mapping[str, Any], files: Sequence[FilePart], boundary: str) -> Frame:
    """
    Lay out a ``multipart/form-data`` body (RFC 7578).

    ``request`` is a plain field without a file name, or it would be taken for a file; the files have an ASCII file name
    and a media type, or they would be taken for text.

    Args:
        fields: the JSON object for the ``request`` part.
        files: in the order in which they travel, the video last.
        boundary: ASCII letters and digits that occur nowhere in the files; 128 random bits are enough.

    """
    text = json.dumps(fields, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    between = f"--{boundary}\r\n".encode("ascii")
    opening = between + b'Content-Disposition: form-data; name="request"\r\n\r\n' + text + b"\r\n"
    heads = [between + _head(file) for file in files]
    whole = [opening + heads[0], *(b"\r\n" + head for head in heads[1:])]
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    return Frame(
        content_type=f"multipart/form-data; boundary={boundary}",
        heads=tuple(whole),
        tail=tail,
        length=sum(map(len, whole)) + sum(file.size for file in files) + len(tail),
    )


def _head(file: FilePart) -> bytes:
    name = safe_name(file.file_name)
    kind = MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
    disposition = f'Content-Disposition: form-data; name="{file.field}"; filename="{name}"'
    return f"{disposition}\r\nContent-Type: {kind}\r\n\r\n".encode("ascii")


def safe_name(file_name: str) -> str:
    """
    Give an ASCII stand-in for a file name that no parser can misread; the name on disk stays what it is.

    Only plain characters survive: no quote, backslash, percent sign, slash or line break can end the header early
    (RFC 7578, section 4.2; RFC 2183, section 2.3). A long name loses its beginning, because what makes it unique
    stands at its end.
    """
    decomposed = unicodedata.normalize("NFKD", file_name)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    path = PurePosixPath(_UNSAFE.sub("_", plain).strip(" ."))
    suffix = path.suffix[:16]
    stem = path.name.removesuffix(path.suffix)[-(FILE_NAME_LIMIT - len(suffix)) :].strip(" .")
    return (stem if stem.strip("_") else "video") + suffix
