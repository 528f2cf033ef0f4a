"""
What the end of whole and of half videos says, over many muxers: `PYTHONPATH=tests python -m bench.containers`.

Makes videos with every program that is installed, prints a Markdown table of their verdicts, then damages each in every
way of `tests/damaged.py` and counts what was noticed. Ends with an error where a whole one was called unfinished.
``--keep DIR`` keeps the files. Nothing is installed; what is missing is named with its Debian package.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, repeat
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import films
from damaged import DAMAGES, OpenVideo

from panjaya_watchd.core.content import Ending, Wholeness
from panjaya_watchd.media.ending import ending

PACKAGES = {
    "ffmpeg": "ffmpeg",
    "gst-launch-1.0": "gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad,ugly} gstreamer1.0-libav",
    "mkvmerge": "mkvtoolnix",
    "x264": "x264",
    "mencoder": "mencoder",
    "HandBrakeCLI": "handbrake-cli",
    "cvlc": "vlc-bin vlc-plugin-base",
    "mplex": "mjpegtools",
    "qt-faststart": "ffmpeg",
    "AtomicParsley": "atomicparsley",
    "exiftool": "libimage-exiftool-perl",
    "flvmeta": "flvmeta",
}

SOURCES = {
    "h264.mkv": "-c:v libx264 -preset veryfast -g 12 -c:a aac",
    "h264.mp4": "-c:v libx264 -preset veryfast -g 12 -c:a aac",
    "h264.ts": "-c:v libx264 -preset veryfast -g 12 -c:a aac",
    "h264.flv": "-c:v libx264 -preset veryfast -g 12 -c:a aac",
    "xvid.avi": "-c:v mpeg4 -vtag XVID -q:v 4 -c:a mp3",
    "vp9.webm": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M -c:a libopus",
    "picture.m2v": "-an -c:v mpeg2video -b:v 3M -f mpeg2video",
    "sound.mp2": "-vn -c:a mp2",
    "picture.y4m": "-an -pix_fmt yuv420p",
    "sound.wav": "-vn",
}
"""Made by ffmpeg, for programs that only put together what is encoded."""

NOISE = '-f lavfi -i "testsrc2=s=320x240:r=25:d=3,noise=alls=40:allf=t" -f lavfi -i "anoisesrc=r=48000:a=0.3:d=3"'
BLACK = '-f lavfi -i "color=black:s=1280x720:r=25:d=3" -f lavfi -i "anullsrc=r=48000:cl=stereo:d=3"'
HD_BLACK = '-f lavfi -i "color=black:s=1920x1080:r=25:d=2" -f lavfi -i "anullsrc=r=48000:cl=stereo:d=2"'
H264 = "-c:v libx264 -preset veryfast -g 12 -c:a aac"
X264 = "x264enc speed-preset=veryfast key-int-max=12 bitrate=3000"
AAC = "avenc_aac ! aacparse"

FFMPEG = {
    "h264 aac.mp4": f"{NOISE} {H264}",
    "h264 aac, faststart.mp4": f"{NOISE} {H264} -movflags +faststart",
    "h264 aac, room for index.mp4": f"{NOISE} {H264} -moov_size 200000",
    "h264 aac, fragments.mp4": f"{NOISE} {H264} -movflags frag_keyframe+empty_moov",
    "h264 aac, fragments, dash.mp4": f"{NOISE} {H264} -movflags dash+frag_keyframe+empty_moov",
    "h264 aac, fragments, global index.mp4": f"{NOISE} {H264} -movflags frag_keyframe+empty_moov+global_sidx",
    "h264 aac, fragments, no trailer.mp4": f"{NOISE} {H264} -movflags frag_keyframe+empty_moov+skip_trailer",
    "h264 aac, subtitles.mp4": f"{NOISE} -i {{sources}}/words.srt {H264} -c:s mov_text",
    "hevc ac3.mp4": f"{NOISE} -c:v libx265 -preset ultrafast -tag:v hvc1 -c:a ac3",
    "mpeg4 mp3.mp4": f"{NOISE} -c:v mpeg4 -c:a mp3",
    "vp9 opus.mp4": f"{NOISE} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M -c:a libopus",
    "av1 aac.mp4": f"{NOISE} -c:v libsvtav1 -preset 12 -c:a aac",
    "h264 aac, black.mp4": f"{BLACK} {H264}",
    "h264 aac, constant rate, black.mp4": f"{BLACK} {H264} -b:v 8M -minrate 8M -maxrate 8M -bufsize 1M"
    " -x264-params nal-hrd=cbr",
    "mjpeg pcm.mov": f"{NOISE} -c:v mjpeg -c:a pcm_s16le",
    "mjpeg pcm, black.mov": f"{BLACK} -c:v mjpeg -c:a pcm_s16le",
    "prores pcm.mov": f"{NOISE} -c:v prores_ks -c:a pcm_s24le",
    "prores pcm, black.mov": f"{HD_BLACK} -c:v prores_ks -c:a pcm_s24le",
    "dnxhd pcm, black.mov": f"{HD_BLACK} -c:v dnxhd -b:v 120M -pix_fmt yuv422p -c:a pcm_s16le",
    "dnxhr pcm, black.mov": f"{HD_BLACK} -c:v dnxhd -profile:v dnxhr_hq -pix_fmt yuv422p -c:a pcm_s16le",
    "h264 pcm.mov": f"{NOISE} -c:v libx264 -preset veryfast -c:a pcm_s16be",
    "h264 pcm, silence.mov": f"{BLACK} -c:v libx264 -preset veryfast -c:a pcm_s16be",
    "h264 alac.mov": f"{NOISE} -c:v libx264 -preset veryfast -c:a alac",
    "mpeg2 pcm, black.mov": f"{BLACK} -c:v mpeg2video -b:v 20M -minrate 20M -maxrate 20M -bufsize 4M -c:a pcm_s16le",
    "mpeg2 mp2, constant rate, black.mp4": f"{BLACK} -c:v mpeg2video -b:v 20M -minrate 20M -maxrate 20M -bufsize 4M"
    " -c:a mp2",
    "mjpeg aac, black.mp4": f"{HD_BLACK} -c:v mjpeg -c:a aac",
    "h264 aac.m4v": f"{NOISE} {H264} -f ipod",
    "h263 amr.3gp": '-f lavfi -i "testsrc2=s=352x288:r=25:d=3" -f lavfi -i "anoisesrc=r=44100:d=3" -c:v h263 -c:a aac',
    "h264 aac.mkv": f"{NOISE} {H264}",
    "h264 aac, index in front.mkv": f"{NOISE} {H264} -reserve_index_space 50000",
    "h264 aac, live.mkv": f"{NOISE} {H264} -live 1",
    "h264 aac, through a pipe.mkv": f"{NOISE} {H264} -f matroska - > {{out}}; true",
    "hevc flac.mkv": f"{NOISE} -c:v libx265 -preset ultrafast -c:a flac",
    "ffv1 pcm, black.mkv": f"{BLACK} -c:v ffv1 -c:a pcm_s16le",
    "vp8 vorbis.webm": f"{NOISE} -c:v libvpx -deadline realtime -b:v 2M -c:a libvorbis",
    "vp9 opus, live.webm": f"{NOISE} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 2M -c:a libopus -live 1",
    "av1 opus.webm": f"{NOISE} -c:v libsvtav1 -preset 12 -c:a libopus",
    "xvid mp3.avi": f"{NOISE} -c:v mpeg4 -vtag XVID -c:a mp3",
    "mjpeg pcm.avi": f"{NOISE} -c:v mjpeg -c:a pcm_s16le",
    "raw pcm, black.avi": f"{BLACK} -c:v rawvideo -pix_fmt bgr24 -c:a pcm_s16le",
    "dv pcm, black.avi": '-f lavfi -i "color=black:s=720x576:r=25:d=3" -f lavfi -i "anullsrc=r=48000:cl=stereo:d=3"'
    " -c:v dvvideo -pix_fmt yuv420p -c:a pcm_s16le",
    "h264 aac.ts": f"{NOISE} {H264}",
    "h264 aac, constant rate.ts": f"{NOISE} {H264} -muxrate 12M",
    "mpeg2 mp2, black.ts": f"{BLACK} -c:v mpeg2video -b:v 5M -c:a mp2",
    "h264 ac3.m2ts": f"{NOISE} -c:v libx264 -preset veryfast -c:a ac3 -mpegts_m2ts_mode 1",
    "mpeg2 pcm.mxf": f"{NOISE} -c:v mpeg2video -b:v 5M -c:a pcm_s16le",
    "mpeg2 pcm, black.mxf": f"{BLACK} -c:v mpeg2video -b:v 50M -minrate 50M -maxrate 50M -bufsize 9M -c:a pcm_s16le",
    "dnxhd pcm, black.mxf": f"{HD_BLACK} -c:v dnxhd -b:v 120M -pix_fmt yuv422p -c:a pcm_s16le",
    "dnxhd, op-atom.mxf": f"{HD_BLACK} -an -c:v dnxhd -b:v 120M -pix_fmt yuv422p -f mxf_opatom",
    "mpeg2 d10, black.mxf": '-f lavfi -i "color=black:s=720x608:r=25:d=2" -f lavfi -i "anullsrc=r=48000:cl=stereo:d=2"'
    " -c:v mpeg2video -b:v 50M -minrate 50M -maxrate 50M -bufsize 2000000 -rc_init_occupancy 2000000 -intra_vlc 1"
    " -g 1 -pix_fmt yuv422p -aspect 4:3 -c:a pcm_s16le -f mxf_d10",
    "flv1 mp3.flv": f"{NOISE} -ar 44100 -c:v flv -c:a mp3",
    "h264 aac.flv": f"{NOISE} {H264}",
    "h264 aac, live.flv": f"{NOISE} {H264} -flvflags no_duration_filesize",
    "wmv2 wma.wmv": f"{NOISE} -c:v wmv2 -c:a wmav2",
    "mpeg2 mp2.mpg": f"{NOISE} -c:v mpeg2video -b:v 5M -c:a mp2",
    "mpeg2 ac3, dvd.mpg": f"{NOISE} -c:v mpeg2video -b:v 5M -c:a ac3 -f dvd",
}

GST = {
    "h264 aac.mp4": (X264, AAC, "mp4mux"),
    "h264 aac, faststart.mp4": (X264, AAC, "mp4mux faststart=true"),
    "h264 aac, fragments.mp4": (X264, AAC, "mp4mux fragment-duration=500"),
    "h264 aac, fragments, streamable.mp4": (X264, AAC, "mp4mux fragment-duration=500 streamable=true"),
    "hevc opus.mp4": ("x265enc speed-preset=ultrafast ! h265parse", "opusenc", "mp4mux"),
    "h264 aac.mov": (X264, AAC, "qtmux"),
    "jpeg pcm.mov": ("jpegenc", "audioconvert ! audio/x-raw,format=S16LE", "qtmux"),
    "prores pcm.mov": ("avenc_prores_ks", "audioconvert ! audio/x-raw,format=S16LE", "qtmux"),
    "h264 aac.3gp": (X264, AAC, "3gppmux"),
    "h264 aac.ismv": (X264, AAC, "ismlmux fragment-duration=500"),
    "h264 aac.mkv": (X264, AAC, "matroskamux"),
    "h264 aac, streamable.mkv": (X264, AAC, "matroskamux streamable=true"),
    "vp8 vorbis.webm": ("vp8enc deadline=1", "vorbisenc", "webmmux"),
    "vp9 opus.webm": ("vp9enc deadline=1 cpu-used=8", "opusenc", "webmmux"),
    "av1 opus.webm": ("av1enc cpu-used=8 ! av1parse", "opusenc", "webmmux"),
    "vp8 opus, streamable.webm": ("vp8enc deadline=1", "opusenc", "webmmux streamable=true"),
    "h264 mp3.avi": (f"{X264} ! video/x-h264,stream-format=byte-stream", "lamemp3enc", "avimux"),
    "jpeg pcm.avi": ("jpegenc", "audioconvert ! audio/x-raw,format=S16LE", "avimux"),
    "h264 aac.ts": (X264, AAC, "mpegtsmux"),
    "h264 aac.m2ts": (X264, AAC, "mpegtsmux m2ts-mode=true"),
    "h264 pcm.mxf": (f"{X264} ! h264parse", "audio/x-raw,format=S16LE", "mxfmux"),
    "h264 aac.flv": (X264, AAC, "flvmux"),
    "h264 aac, streamable.flv": (X264, AAC, "flvmux streamable=true"),
    "wmv2 wma.wmv": ("avenc_wmv2 bitrate=3000000", "avenc_wmav2", "asfmux"),
    "h264 mp2.mpg": (f"{X264} ! h264parse", "avenc_mp2 ! mpegaudioparse", "mpegpsmux"),
}

OTHERS = {
    ("mkvmerge", "h264 aac.mkv"): "mkvmerge -q -o {out} {sources}/h264.mp4",
    ("mkvmerge", "h264 aac, no index.mkv"): "mkvmerge -q --no-cues -o {out} {sources}/h264.ts",
    ("mkvmerge", "h264 aac, small clusters.mkv"): "mkvmerge -q --cluster-length 3 --clusters-in-meta-seek -o {out}"
    " {sources}/h264.mkv",
    ("mkvmerge", "xvid mp3.mkv"): "mkvmerge -q -o {out} {sources}/xvid.avi",
    ("mkvmerge", "mpeg2 pcm.mkv"): "mkvmerge -q -o {out} {sources}/picture.m2v {sources}/sound.wav",
    ("mkvmerge", "vp9 opus.webm"): "mkvmerge -q --webm -o {out} {sources}/vp9.webm",
    ("mkvpropedit", "h264 aac, title set.mkv"): "mkvmerge -q -o {out} {sources}/h264.mp4"
    " && mkvpropedit -q {out} --set title=Talk --add-attachment {sources}/words.srt",
    ("x264", "h264.mkv"): "x264 --quiet --preset veryfast -o {out} {sources}/picture.y4m",
    ("x264", "h264.flv"): "x264 --quiet --preset veryfast -o {out} {sources}/picture.y4m",
    ("mencoder", "mpeg4 mp3.avi"): "mencoder -really-quiet {sources}/h264.mkv -ovc lavc -oac mp3lame -o {out}",
    ("mencoder", "raw pcm.avi"): "mencoder -really-quiet {sources}/h264.mkv -ovc raw -vf format=i420 -oac pcm -o {out}",
    ("HandBrakeCLI", "h264 aac.mp4"): "HandBrakeCLI -i {sources}/h264.mkv -o {out} -f av_mp4",
    ("HandBrakeCLI", "h264 aac, optimised.mp4"): "HandBrakeCLI -i {sources}/h264.mkv -o {out} -f av_mp4 -O",
    ("HandBrakeCLI", "hevc aac.mkv"): "HandBrakeCLI -i {sources}/h264.mkv -o {out} -f av_mkv -e x265"
    " --encoder-preset ultrafast",
    ("HandBrakeCLI", "vp9 opus.webm"): "HandBrakeCLI -i {sources}/h264.mkv -o {out} -f av_webm -e VP9 -E opus",
    **{
        ("cvlc", f"h264 aac.{suffix}"): "{nobody} cvlc -q {sources}/h264.mkv"
        f" --sout '#std{{{{access=file,mux={mux},dst={{out}}}}}}' vlc://quit"
        for suffix, mux in (("mp4", "mp4"), ("mov", "mov"), ("ts", "ts"), ("avi", "avi"), ("mkv", "avformat"))
    },
    ("cvlc", "wmv2 wma.wmv"): "{nobody} cvlc -q {sources}/h264.mkv --sout '#transcode{{vcodec=WMV2,acodec=wma2}}:"
    "std{{access=file,mux=asf,dst={out}}}' vlc://quit",
    ("mplex", "mpeg2 mp2.mpg"): "mplex -v0 -f 3 -V -r 20000 -b 500 -o {out} {sources}/picture.m2v {sources}/sound.mp2",
    (
        "mplex",
        "mpeg2 mp2, dvd.mpg",
    ): "mplex -v0 -f 8 -V -r 9800 -o {out} {sources}/picture.m2v {sources}/sound.mp2",
    ("qt-faststart", "h264 aac.mp4"): "qt-faststart {sources}/h264.mp4 {out}",
    ("AtomicParsley", "h264 aac, tagged.mp4"): "AtomicParsley {sources}/h264.mp4 --title Talk -o {out}",
    ("exiftool", "h264 aac, tagged.mp4"): "exiftool -q -Title=Talk -XMP:Creator=me -o {out} {sources}/h264.mp4",
    ("flvmeta", "h264 aac, tagged.flv"): "flvmeta -U {sources}/h264.flv {out}",
}


@dataclass(frozen=True)
class Made:
    """A whole video and who made it; ``path`` is None where that failed."""

    muxer: str
    name: str
    path: Path | None
    why: str = ""


def commands() -> Iterator[tuple[str, str, str]]:
    """Give the muxer, the name and the command of every video."""
    for name, options in FFMPEG.items():
        yield "ffmpeg", name, f"ffmpeg -v error -y {options}" + ("" if "{out}" in options else " {out}")
    for name, (picture, sound, mux) in GST.items():
        yield (
            "gst-launch-1.0",
            name,
            (
                "gst-launch-1.0 -q videotestsrc pattern=snow num-buffers=50"
                " ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
                f" ! videoconvert ! {picture} ! queue max-size-time=0 max-size-bytes=0 ! mux."
                " audiotestsrc wave=white-noise num-buffers=95 ! audio/x-raw,rate=48000,channels=2 ! audioconvert"
                f" ! {sound} ! queue max-size-time=0 max-size-bytes=0 ! mux. {mux} name=mux ! filesink location={{out}}"
            ),
        )
    for (muxer, name), command in OTHERS.items():
        yield muxer, name, command


def prepare(sources: Path) -> None:
    """Make what is to be muxed."""
    (sources / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello.\n")
    for name, options in SOURCES.items():
        run(f"ffmpeg -v error -y {NOISE} {options} {sources / name}")


def run(command: str) -> str:
    """Run a command line; give its last words where it fails."""
    ended = subprocess.run(
        ["timeout", "300", "bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    said = (ended.stderr or ended.stdout).strip().splitlines()
    return "" if ended.returncode == 0 else (said or ["no words"])[-1]


def make(number: int, muxer: str, name: str, command: str, folder: Path) -> Made:
    """Make one video."""
    out = folder / f"{number:03}{Path(name).suffix}"
    out.unlink(missing_ok=True)
    nobody = "setpriv --reuid=65534 --clear-groups" if os.geteuid() == 0 else ""
    why = run(command.format(out=out, sources=folder / "sources", nobody=nobody))
    is_made = out.is_file() and out.stat().st_size > 0 and not why
    return Made(muxer, name, out if is_made else None, why)


def judged(path: Path) -> Ending:
    """Look into a file."""
    with OpenVideo(path) as video:
        return ending(video)


def main() -> None:
    """Make, judge, damage, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    kept = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept or Path(temporary)
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        sys.exit(bench(folder))


def bench(folder: Path) -> int:
    """Do all of it in a folder, and give how many whole videos were called unfinished."""
    missing = [program for program in PACKAGES if shutil.which(program) is None]
    for program in missing:
        print(f"{program} is missing. Type: apt-get install {PACKAGES[program]}")
    if "ffmpeg" in missing:
        return 1
    prepare(folder / "sources")
    jobs = [(muxer, name, command) for muxer, name, command in commands() if muxer not in missing]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(make, count(), *zip(*jobs, strict=True), repeat(folder)))
    for number, (name, wanted) in enumerate((films.FILMS | films.ENDLESS | films.BLACK).items()):
        path = films.make(wanted, folder / f"libav{number:02}.{wanted.suffix}")
        made.append(Made("PyAV", name, path))
    print("\n| muxer | video | bytes | kind | verdict | says |\n| --- | --- | ---: | --- | --- | --- |")
    whole = [(video, judged(video.path)) for video in made if video.path is not None]
    for video, said in whole:
        assert video.path is not None
        size = video.path.stat().st_size
        print(f"| {video.muxer} | {video.name} | {size} | {said.container} | {said.verdict} | {said.says} |")
    for video in made:
        if video.path is None:
            print(f"not made: {video.muxer}, {video.name}: {video.why}")
    counted = Counter(said.verdict for _, said in whole)
    print(f"\n{len(whole)} whole videos: " + ", ".join(f"{counted[verdict]} {verdict}" for verdict in Wholeness))
    damage(folder, whole)
    return counted[Wholeness.UNFINISHED]


def damage(folder: Path, whole: list[tuple[Made, Ending]]) -> None:
    """Damage each, and print what was noticed by kind, and each that was not."""
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    missed = []
    for video, before in whole:
        assert video.path is not None
        content = video.path.read_bytes()
        for damage_name, write in DAMAGES.items():
            path = folder / f"damaged{video.path.suffix}"
            path.unlink(missing_ok=True)
            write(content, path)
            said = judged(path)
            counted[before.container or "unknown", damage_name][said.verdict] += 1
            if said.verdict is Wholeness.WHOLE:
                missed.append(f"{video.muxer}, {video.name} ({video.path.name}), {damage_name}")
    print("\nCaught / warned / missed:\n\n| kind | " + " | ".join(DAMAGES) + " |\n| --- |" + " --- |" * len(DAMAGES))
    for kind in sorted({kind for kind, _ in counted}):
        cells = [
            " / ".join(str(counted[kind, name][verdict]) for verdict in ("unfinished", "unproven", "whole"))
            for name in DAMAGES
        ]
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print("\n".join(["", f"Missed: {len(missed)}", *missed]))


if __name__ == "__main__":
    main()
