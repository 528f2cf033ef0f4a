"""
What we ask of the dubbing service, as a contract.

No method repeats a request by itself: whether to ask again is a decision of the core, because a second POST may be a
second bill. What the service did wrong comes back as a `Fault`, never as an exception. Methods are called from many
threads at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from panjaya_watchd.core.answers import Asset, Fault, Version
from panjaya_watchd.core.names import AssetId, Digest, Locale, VersionId
from panjaya_watchd.core.order import Order


class Body(Protocol):
    """
    A file that travels inside the multipart body.

    ``size`` is fixed before the first byte. Iterating gives exactly ``size`` bytes, once, in chunks, or raises
    `Withdrawn`; between the last chunk but one and the last one it may wait for as long as it likes.
    """

    @property
    def file_name(self) -> str:
        """Give the name that the service is told; `wire.safe_name` makes it plain first."""

    @property
    def size(self) -> int:
        """Give the number of bytes."""

    def __iter__(self) -> Iterator[bytes]: ...


class Withdrawn(Exception):  # noqa: N818  (not an error: the upload was taken back on purpose, before its last chunk)
    """A `Body` ends before its last chunk: the request is cut off, so the service never held the whole video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One asset to be made from a file: the order, the SRT text per locale (UTF-8, LF), the video, the background."""

    order: Order
    srt: Mapping[Locale, str] = field(repr=False)
    video: Body
    background: Body | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A finished download: ``size`` in bytes and the SHA-256 of the whole file."""

    size: int
    digest: Digest


@dataclass(slots=True, kw_only=True)
class Patient:
    """Somebody whose requests wait for those of others; ``requests`` were sent so far."""

    requests: int = 0


class DubbingApi(Protocol):
    """The things that are done with the service."""

    def submit(self, submission: Submission) -> Asset | Fault:
        """
        Create an asset from a file: ``POST /v1/assets/upload``. **Costs money**, and must never be repeated blindly.

        Raises:
            Withdrawn: the body said so; the request was cut off before its last byte.
            PlaceError: the storage of the body failed, likewise before its last byte.

        """

    def create(self, order: Order, srt: Mapping[Locale, str]) -> Asset | Fault:
        """
        Create an asset from ``order.media_url``: ``POST /v1/assets/``. **Costs money**, never to be repeated blindly.

        It leaves as a whole, so whatever does not prove the contrary may have been billed.

        Raises:
            ValueError: the order names no ``media_url``, or a ``background`` file, which only an upload can carry.

        """

    def add_languages(self, asset_id: AssetId, locales: Sequence[Locale], srt: Mapping[Locale, str]) -> Asset | Fault:
        """
        Have an asset dubbed into more languages: ``POST /v1/assets/{asset_id}/languages``. **Costs money**.

        Must never be repeated blindly. Whether the asset has them by now is seen by `get_asset`.
        """

    def list_assets(self) -> tuple[Asset, ...] | Fault:
        """List every asset of the account, all pages, each id once, in no order: ``GET /v1/assets/``. Free."""

    def get_asset(self, asset_id: AssetId) -> Asset | Fault:
        """Read one asset with its dubbings and versions: ``GET /v1/assets/{asset_id}``. Free."""

    def get_version(self, version_id: VersionId) -> Version | Fault:
        """Read one version with a fresh ``result_url``: ``GET /v1/versions/{version_id}``. Free."""

    def revise(self, version_id: VersionId) -> str | Fault:
        """
        Make a version editable again: ``PATCH /v1/versions/{version_id}/revise``. **Removes its video for good**.

        Allowed where the version is ``Completed``, ``ReadyToEdit`` or ``Failed``; then it is ``ReadyToEdit``.

        Returns:
            The link to the Studio, "" where the answer has none. A `Fault` does not prove that nothing was done: the
            version is read before anybody asks again, or a video that was made in between would go as well.

        """

    def weigh(self, result_url: str) -> int | Fault:
        """Ask the host of a result how many bytes it has. Free; the API key is not sent there."""

    def download(self, result_url: str, into: Path, progress: Callable[[int], None]) -> Download | Fault:
        """
        Fetch a result into a file, going on where an earlier try stopped if the host allows it.

        ``into`` need not exist; it is left behind, partly written, when a `Fault` comes back. The API key is never
        sent to the result's host. ``progress`` is told how many bytes the file holds, first before any has come; when
        it begins anew, it says so. Durable when it returns a `Download`.

        Raises:
            PlaceError: the file could not be written.

        """
