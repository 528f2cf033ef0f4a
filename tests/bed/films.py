"""Films for the bed: whole MP4s of which every byte of the media is their own, so that no two are alike anywhere."""

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Final

import av

from panjaya_watchd.rehearsal.results import TALK

_RATE: Final = 48_000
_FRAME: Final = 4
"""Bytes of one sample of 16 bits in stereo."""

_SECONDS: Final = 9


def film(number: int, path: Path, *, index_first: bool = True) -> bytes:
    """
    Make a film of about 2 MB: the sample's pictures over noise, which is sound whatever its bytes are.

    Args:
        number: what it is made from; the same number gives the same film.
        path: where it is made, because an index can be put first only into a file.
        index_first: whether a player may begin before the end is there; a cut is seen by nothing but a walk then.

    """
    options = {"movflags": "faststart"} if index_first else {}
    noise = Random(number).randbytes(_SECONDS * _RATE * _FRAME)
    with av.open(str(TALK)) as sample, av.open(str(path), "w", format="mp4", options=options) as made:
        pictures = sample.streams.video[0]
        seen = made.add_stream_from_template(pictures)
        heard = made.add_stream("pcm_s16le", rate=_RATE, layout="stereo")
        for packet in sample.demux(pictures):
            if packet.dts is not None:
                packet.stream = seen
                made.mux(packet)
        step = _RATE * _FRAME // 10
        for begin in range(0, len(noise), step):
            sound = av.Packet(noise[begin : begin + step])
            sound.stream, sound.time_base = heard, Fraction(1, _RATE)
            sound.pts = sound.dts = begin // _FRAME
            sound.duration = sound.size // _FRAME
            made.mux(sound)
    return path.read_bytes()
