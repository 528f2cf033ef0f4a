"""A stand-in."""

from panjaya_watchd.core.content import Ending, Reads, Wholeness


def ending(file: Reads) -> Ending:
    """Say nothing."""
    return Ending(verdict=Wholeness.UNPROVEN, says=f"has {file.size} bytes")
