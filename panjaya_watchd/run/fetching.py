"""
Fetching: one dubbed video onto our disk, beside the parts.

What an earlier claim has is copied from where it was filed, and compared with the digest it had then; only if it is
not there any more, it is downloaded once more, which is free.
"""

from contextlib import closing
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.core import events
from panjaya_watchd.core.answers import COMPLETED, Fault
from panjaya_watchd.core.claim import Claim, Dubbing, Result
from panjaya_watchd.core.drop import VIDEO_SUFFIXES
from panjaya_watchd.core.events import Event
from panjaya_watchd.core.names import Locale, fit
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Source, Unsettled
from panjaya_watchd.run.tools import Tools


def fetch(tools: Tools, claim: Claim, locale: Locale) -> Event | None:
    """Get one result; None if the daemon ends meanwhile."""
    dubbing = next(dubbing for dubbing in claim.dubbings if dubbing.locale == locale)
    try:
        result = _copied(tools, claim, dubbing)
        if result is None:
            return _downloaded(tools, claim, dubbing)
    except Withdrawn:
        return None
    except PlaceError as error:
        return _faulted(dubbing, str(error))
    finally:
        tools.board.wipe(claim.id, f"download {locale}")
    return events.Fetched(locale=locale, result=result)


def _copied(tools: Tools, claim: Claim, dubbing: Dubbing) -> Result | None:
    """Copy what an earlier claim has; None where there is none, or where it is not what it was."""
    earlier, had = claim.builds_on, dubbing.earlier
    if earlier is None or had is None or earlier.folder not in tools.places:
        return None
    place, name = tools.places[claim.folder], _name(tools, claim, dubbing, PurePosixPath(had.name).suffix)
    try:
        with closing(tools.places[earlier.folder].open_filed(earlier.filed_as, had.name)) as source:
            if source.size != had.size or place.copy(claim.id, name, Heeding(tools, source)) != had.digest:
                return None
    except Unsettled:
        return None
    except PlaceError:
        if earlier.folder == claim.folder:
            raise
        return None  # another folder's trouble is not ours
    place.keep(claim.id, name)
    return Result(name=name, size=had.size, digest=had.digest, fetched_at=tools.clock.now())


class Heeding:
    """A source whose reading ends when the daemon does."""

    def __init__(self, tools: Tools, source: Source) -> None:
        self.size = source.size
        self._tools = tools
        self._source = source

    def read(self, limit: int) -> bytes:
        """Read on; raises `Withdrawn` when the daemon ends."""
        self._tools.heed_stop()
        return self._source.read(limit)

    def changed(self) -> str | None:
        """Say how the file differs from what was opened."""
        return self._source.changed()

    def close(self) -> None:
        """Let go."""
        self._source.close()


def _downloaded(tools: Tools, claim: Claim, dubbing: Dubbing) -> Event:
    """Download with a fresh link."""
    assert dubbing.version_id is not None, "a version is fetched only after it was seen"
    version = tools.api.get_version(dubbing.version_id)
    if isinstance(version, Fault):
        return events.FetchFaulted(locale=dubbing.locale, fault=version)
    if version.status not in {None, COMPLETED} or version.result_url is None:
        return _faulted(dubbing, "Panjaya gives no link to the result yet.", seen=version.status)
    place, began = tools.places[claim.folder], tools.clock.monotonic()
    name = _name(tools, claim, dubbing, _suffix(version.result_url))
    toll = tools.meters.download(claim.folder)

    def held(size: int) -> None:
        tools.heed_stop()  # one that is under way when the daemon ends is gone on with at the next start
        tools.show(claim, f"download {dubbing.locale}", size, None, began)
        toll.held(size)

    with place.partial(claim.id, name) as path:
        done = tools.api.download(version.result_url, path, held)
    if isinstance(done, Fault):
        return events.FetchFaulted(locale=dubbing.locale, fault=done)
    place.keep(claim.id, name)
    result = Result(name=name, size=done.size, digest=done.digest, fetched_at=tools.clock.now())
    return events.Fetched(locale=dubbing.locale, result=result)


def _name(tools: Tools, claim: Claim, dubbing: Dubbing, suffix: str) -> str:
    """Name a result after its video; where it joins what was filed before, by a name that is free there."""
    name = fit(claim.drop.stem, f".{dubbing.locale}{suffix}")
    return name if claim.beside is None else tools.places[claim.folder].vacant(claim.beside, name)


def _faulted(dubbing: Dubbing, words: str, seen: str | None = None) -> Event:
    fault = Fault(money_may_have_moved=False, repeat_helps=True, words=words)
    return events.FetchFaulted(locale=dubbing.locale, fault=fault, seen=seen)


def _suffix(result_url: str) -> str:
    """Give the result's suffix: the link's if it is a video's, else ``.mp4``."""
    try:
        suffix = PurePosixPath(urlsplit(result_url).path).suffix.lower()
    except ValueError:  # no URL at all; the download says so
        suffix = ""
    return suffix if suffix in VIDEO_SUFFIXES else ".mp4"
