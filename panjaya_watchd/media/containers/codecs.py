"""
Which codecs leave no long run of zeros: what they make is dense, whatever the picture shows or the microphone hears.

Arithmetic coding, escapes against false start codes, or a header at least every few hundred bytes. Not dense, though
they are codecs: MPEG-2 (stuffing), DNxHD (frames of a fixed size, filled up), Motion JPEG (a black picture under
Huffman tables of its own is zeros), Apple's lossless ones, everything that is uncompressed.
"""

from collections.abc import Iterable
from typing import Final

from panjaya_watchd.media.containers.look import Density

DENSE: Final = frozenset(
    # MP4 and MOV; "encv" and "enca" are encrypted
    "avc1 avc2 avc3 avc4 hev1 hvc1 dvh1 dvhe dvav dva1 vvc1 vvi1 av01 vp08 vp09 mp4v s263 h263 encv enca mp4a .mp3"
    " opus flac ac-3 ec-3 ac-4 samr sawb dtsc dtsh dtsl"
    # Matroska
    " v_mpeg4/iso/avc v_mpegh/iso/hevc v_av1 v_vp8 v_vp9 v_mpeg4/iso/asp v_mpeg4/iso/sp a_aac a_mpeg/l3 a_opus"
    " a_vorbis a_ac3 a_eac3 a_flac"
    # AVI: four letters for pictures, a number for sound
    " h264 x264 xvid divx dx50 fmp4 hevc vp80 vp90 0x55 0xff 0x2000 0x1610 0x1600".split()
)
"""Small letters, without spaces."""

WITH_HEAD: Final = DENSE | frozenset(
    "apch apcn apcs apco ap4h ap4x avdn avdh jpeg mjpa mjpb mjpg dvc dvcp dvpp dv5n dv5p m2v1 mpg2 mp2v".split()
)
"""
Codecs of pictures each of which begins with something: ProRes, DNxHD, Motion JPEG, DV, MPEG-2 and the dense ones.

So a blank stretch with the beginning of one in it is no black picture.
"""

TINY: Final = frozenset("tx3g text wvtt stpp sbtl c608 c708 tmcd mebx gpmd subp".split())
"""Tracks of few and small pieces: subtitles, time codes, telemetry."""


def has_head(codec: str) -> bool:
    """Say whether a picture of this codec cannot begin with zeros; XDCAM and IMX have names by format and rate."""
    name = codec.strip().lower()
    return name in WITH_HEAD or name[:2] in {"xd", "mx", "hd", "ai"}


def density(codecs: Iterable[tuple[str, bool]]) -> Density:
    """
    Judge a file by all its tracks: each one's codec, and whether it is picture or sound.

    A track that is neither, and not known, may hold some zeros, but not many. No track at all: nothing is known.
    """
    tracks = [(name.strip().lower(), is_media) for name, is_media in codecs]
    if not any(is_media for _, is_media in tracks) or any(is_media and name not in DENSE for name, is_media in tracks):
        return Density.LOOSE
    return Density.DENSE if all(is_media or name in TINY for name, is_media in tracks) else Density.MIXED
