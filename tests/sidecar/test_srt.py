"""What subtitles are sent as, and what is never sent."""

from pathlib import Path

import pytest

from panjaya_watchd.errors import SidecarError
from panjaya_watchd.sidecar import srt

GOOD = Path(__file__).parent / "samples" / "srt" / "good"

SPOKEN = {
    "interview.ar-AE.srt": ("cp1256", "مرحبا بكم في برنامجنا اليوم"),
    "interview.bg-BG.srt": ("cp1251", "Добър ден, как сте днес?"),
    "interview.cs-CZ.srt": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    "interview.de-DE.srt": ("cp1252", "Äpfel und Öl für die Straße – „gut“."),  # noqa: RUF001
    "interview.el-GR.srt": ("cp1253", "Καλημέρα, τι κάνεις σήμερα;"),
    "interview.fr-FR.srt": ("cp1252", "Voilà, c’est déjà l’été, ça va être très drôle."),  # noqa: RUF001
    "interview.ja-JP.srt": ("cp932", "こんにちは、世界。今日はいい天気ですね。"),
    "interview.ko-KR.srt": ("cp949", "안녕하세요, 오늘 날씨가 좋네요."),
    "interview.lt-LT.srt": ("cp1257", "Laba diena, kaip jūs šiandien jaučiatės?"),
    "interview.pl-PL.srt": ("cp1250", "Zażółć gęślą jaźń, proszę państwa."),
    "interview.ru-RU.srt": ("cp1251", "Привет, как дела? Сегодня хорошая погода."),
    "interview.tr-TR.srt": ("cp1254", "Günaydın, bugün hava çok güzel, değil mi? Şimdi"),  # noqa: RUF001
    "interview.zh-CN.srt": ("gb18030", "你好，世界。今天天气很好。"),  # noqa: RUF001
    "interview.zh-cn.SRT": ("gb18030", "你好，世界。今天天气很好。"),  # noqa: RUF001
    # The language is not in the name, and still only one encoding makes sense of the bytes.
    "interview.srt": ("cp1251", "Привет, как дела? Сегодня хорошая погода."),
    "talk.srt": ("cp1252", "¿Qué pasó con el corazón? El niño comió una manzana mañana."),
}


def cues(count: int, text: str = "Hello") -> str:
    """Write that many subtitles of a tenth of a second each."""
    lines = []
    for number in range(count):
        seconds, tenth = divmod(number, 10)
        minutes, second = divmod(seconds, 60)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{second:02},{tenth}"
        lines.append(f"{number + 1}\n{clock}00 --> {clock}99\n{text}\n")
    return "\n".join(lines)


@pytest.mark.parametrize("sample", sorted(GOOD.iterdir()), ids=lambda path: path.name)
def test_however_it_was_saved_the_same_text_is_sent(sample: Path) -> None:
    """Encoding, byte order mark, line ends, decimal sign and position never reach the API, and no word changes."""
    expected = (GOOD / "plain.es-ES.srt").read_text(encoding="utf-8")

    assert expected == srt.read(sample.name, sample.read_bytes())


@pytest.mark.parametrize("name", SPOKEN)
def test_old_windows_encodings_are_told_by_the_language_in_the_name(name: str) -> None:
    """French and Turkish share their bytes with other languages; the name says which is meant."""
    encoding, words = SPOKEN[name]

    assert cues(3, words) == srt.read(name, cues(3, words).encode(encoding))


def test_an_encoding_that_could_be_two_is_refused() -> None:
    """A wrong guess would be spoken and paid for."""
    japanese = cues(3, "こんにちは、世界。今日はいい天気ですね。").encode("cp932")

    with pytest.raises(SidecarError, match="cannot be told for sure"):
        srt.read("interview.srt", japanese)


def test_numbers_may_skip_but_not_repeat() -> None:
    """A removed subtitle leaves a gap; the numbers are sent as they are."""
    text = "3\n00:00:01,000 --> 00:00:02,000\nOne\n\n007\n00:00:01,000 --> 00:00:03,000\nTwo\n"

    assert text.replace("007", "7") == srt.read("a.srt", text.encode())


def test_every_cut_gives_whole_subtitles_or_an_error() -> None:
    """Wherever a copy stopped, no half time line and no bare number is ever sent as words."""
    whole = (GOOD / "plain.es-ES.srt").read_bytes()
    for end in range(len(whole)):
        try:
            text = srt.read("interview.es-ES.srt", whole[:end])
        except SidecarError as error:
            assert error.hint  # noqa: PT017  (both outcomes are right; which one depends on the cut)
        else:
            assert whole.decode().startswith(text.rstrip("\n"))
            assert text.count("-->") == text.count("\n\n") + 1


@pytest.mark.slow
def test_as_many_subtitles_as_allowed_are_taken_and_one_more_is_not() -> None:
    """The limit is exact and names the line where it is passed."""
    assert srt.read("a.srt", cues(srt.CUE_LIMIT).encode()).endswith("\nHello\n")

    with pytest.raises(SidecarError, match=r"a\.srt, line 80001: expected at most 20000 subtitles, found more\."):
        srt.read("a.srt", cues(srt.CUE_LIMIT + 1).encode())


def test_as_much_text_as_allowed_is_taken_and_one_byte_more_is_not() -> None:
    """The limit counts the bytes that are sent."""
    frame = len(cues(1, ""))
    largest = cues(1, "x" * (srt.TEXT_LIMIT - frame))

    assert len(srt.read("a.srt", largest.encode())) == srt.TEXT_LIMIT
    with pytest.raises(SidecarError, match=r"a\.srt: expected at most 900 KiB of subtitles, found 901 KiB\."):
        srt.read("a.srt", cues(1, "x" * (srt.TEXT_LIMIT - frame + 1)).encode())


@pytest.mark.parametrize("filler", [b"1\n00:00:01,000 --> 00:00:02,000\nA\n\n", b"\n", b"1\n", b"A", b"\xff", b"\x00"])
def test_a_flood_is_refused(filler: bytes) -> None:
    """A file of many megabytes is answered without being taken apart."""
    with pytest.raises(SidecarError, match="expected at most 900 KiB of subtitles"):
        srt.read("a.srt", filler * (srt.FILE_LIMIT // len(filler) + 1))


@pytest.mark.slow
def test_a_file_of_nothing_but_lines_is_refused_before_it_is_taken_apart() -> None:
    """Each line costs memory, however short it is: 3.6 MB of them took 330 MB."""
    content = b"1\n00:00:01,000 --> 00:00:02,000\n" + b"x\n" * srt.LINE_LIMIT
    with pytest.raises(SidecarError, match="at most 200000 lines"):
        srt.read("a.srt", content)


def test_positions_behind_a_time_line_are_read_over_four_times_and_no_more() -> None:
    """As many as a rectangle has; 700,000 of them kept the pattern's own stack at 660 MB."""
    line = "1\n00:00:01,000 --> 00:00:02,000{}\nHello\n"

    assert srt.read("a.srt", line.format("  X1:0 X2:640 Y1:-4 Y2: 360").encode()) == line.format("")
    with pytest.raises(SidecarError, match="expected a time line"):
        srt.read("a.srt", line.format(" X1:1" * 5).encode())


@pytest.mark.parametrize("filler", [b"\n", b"1\n", b"A", b"\xe9", b"\x00", b"-->\n", b" ", b"X1:1 "])
def test_the_largest_file_of_one_thing_is_refused(filler: bytes) -> None:
    """The worst files that are still read end in an answer, each within a second or two."""
    with pytest.raises(SidecarError):
        srt.read("a.srt", filler * (srt.FILE_LIMIT // len(filler)))
