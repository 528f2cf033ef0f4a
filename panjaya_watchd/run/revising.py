"""
Revising: one dubbed video is made editable again, by which the service throws its own copy away for good.

So ours is read first, as a whole, where it was filed, and theirs has to be as long; then the claim that is to fetch
what comes of it is made durable; only then the service is asked. Its answer may be lost: then the version itself says
whether it was done. Where it says nothing either, the claim follows it all the same, for a rendering that nobody
fetched would be lost with the next revision.
"""

import hashlib
from contextlib import closing

from panjaya_watchd.api.base import Withdrawn
from panjaya_watchd.core.answers import COMPLETED, READY_TO_EDIT, Fault
from panjaya_watchd.core.claim import Claim, Dubbing
from panjaya_watchd.errors import PlaceError
from panjaya_watchd.places.base import Unsettled
from panjaya_watchd.run.fetching import Heeding
from panjaya_watchd.run.messages import Answer, Revised
from panjaya_watchd.run.tools import Tools

_CHUNK = 1 << 20


def revise(tools: Tools, claim: Claim, answer: Answer) -> Revised:
    """Have the version revised that a claim is to follow."""
    (dubbing,) = claim.dubbings
    assert dubbing.version_id is not None, "a result is a version's"
    done = tools.api.revise(dubbing.version_id)
    if not isinstance(done, Fault):
        return Revised(claim_id=claim.id, why=None, answer=answer)
    now = tools.api.get_version(dubbing.version_id)
    if not isinstance(now, Fault) and now.status == READY_TO_EDIT:
        return Revised(claim_id=claim.id, why=None, answer=answer)
    refused = done.status is not None and 400 <= done.status < 500
    unsure = not (done.repeat_helps or refused)  # a status that has not changed proves nothing yet
    why = "Whether Panjaya has revised it is not known" if unsure else "Panjaya did not revise it"
    return Revised(claim_id=claim.id, why=f"{why}: {done.words}", unsure=unsure, answer=answer)


def missing(tools: Tools, claim: Claim, dubbing: Dubbing) -> str | None:
    """Say why our copy of a result cannot be relied on."""
    result, digest, began = dubbing.result, hashlib.sha256(), tools.clock.monotonic()
    if result is None or claim.filed_as is None:
        return "There is no copy of this result here."
    try:
        with closing(tools.places[claim.folder].open_filed(claim.filed_as, result.name)) as opened:
            source = Heeding(tools, opened)
            done = 0
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                tools.show(claim, "compare", done, source.size, began)
    except Unsettled as unsettled:
        return f"Our copy cannot be read: {unsettled.why}."
    except PlaceError as error:
        return f"Our copy cannot be read: {error}"
    except Withdrawn:
        return "The service is stopping."
    finally:
        tools.board.wipe(claim.id, "compare")
    if digest.hexdigest() != result.digest:
        return "Our copy is not what was downloaded any more."
    return _other_there(tools, dubbing, result.size)


def _other_there(tools: Tools, dubbing: Dubbing, size: int) -> str | None:
    """Say why the service's rendering may be another one than ours: people may have generated it anew in the Studio."""
    assert dubbing.version_id is not None, "a result is a version's"
    version = tools.api.get_version(dubbing.version_id)
    if isinstance(version, Fault):
        return f"Panjaya does not say how it stands: {version.words}"
    if version.status != COMPLETED or version.result_url is None:
        return None  # there is none that could be lost
    there = tools.api.weigh(version.result_url)
    if isinstance(there, Fault):
        return f"Panjaya's rendering cannot be compared with ours: {there.words}"
    return None if there == size else "Panjaya has another rendering than ours. Download it in the Studio first."
