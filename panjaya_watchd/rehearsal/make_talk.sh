#!/bin/sh
# Makes talk.mp4, the sample video of the rehearsal, beside this script.
#
# Voice, words and picture are made here from nothing, by espeak-ng and ffmpeg (with drawtext and a DejaVu font).
# The video and its sidecars are dedicated to the public domain: CC0 1.0.
# Needed only to make the video again; nothing of this is used at run time.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { # say NAME WORDS SECONDS: one sentence, padded with silence, so that the cues of talk.es-ES.srt fit
    espeak-ng -v en-us -s 145 -w "$scratch/$1.wav" "$2"
    ffmpeg -v error -y -i "$scratch/$1.wav" -af "apad=whole_dur=$3" -t "$3" -ar 48000 -ac 1 "$scratch/$1-padded.wav"
}

say one "Good morning, and welcome to the workshop." 3
say two "Today we repair an old wooden chair." 3
say three "First we take it apart, then we glue it together." 3

ffmpeg -v error -y -i "$scratch/one-padded.wav" -i "$scratch/two-padded.wav" -i "$scratch/three-padded.wav" \
    -filter_complex "[0:a][1:a][2:a]concat=n=3:v=0:a=1" "$scratch/talk.wav"

font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
ffmpeg -v error -y -f lavfi -i "color=c=0x1d3557:size=640x360:rate=25" -f lavfi -i "color=c=0xe9c46a:size=60x60:rate=25" \
    -i "$scratch/talk.wav" -filter_complex "\
[0:v]drawtext=fontfile=$font:text='The workshop':fontsize=48:fontcolor=white:x=(w-tw)/2:y=90,\
drawtext=fontfile=$font:text='%{pts\:hms}':fontsize=28:fontcolor=white:x=(w-tw)/2:y=170[page];\
[page][1:v]overlay=x='290+230*sin(t)':y=250[picture]" \
    -map "[picture]" -map 2:a -t 9 -c:v libx264 -preset slow -crf 26 -g 25 -pix_fmt yuv420p -c:a aac -b:a 64k \
    -map_metadata -1 -fflags +bitexact -metadata title="The workshop" -movflags +faststart "$here/talk.mp4"
