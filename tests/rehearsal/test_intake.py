"""The multipart reader: any boundary, any chunks, flat memory, and nothing from a body that is not whole."""

import hashlib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panjaya_watchd.rehearsal.intake import MAX_FIELD, Form, Intake
from panjaya_watchd.rehearsal.request import Refused

VIDEO = bytes(range(256)) * 40 + b"\r\n--" * 9


def body(boundary: str, video: bytes = VIDEO, request: bytes = b"{}") -> bytes:
    """Write a body the way curl does."""
    return b"".join(
        [
            f'--{boundary}\r\nContent-Disposition: form-data; name="request"\r\n\r\n'.encode(),
            request,
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n'.encode(),
            b"Content-Type: video/mp4\r\n\r\n",
            video,
            f"\r\n--{boundary}--\r\n".encode(),
        ]
    )


def read(text: bytes, boundary: str = "b", *, chunk: int = 65536, keep: Path | None = None) -> Form:
    """Feed a body in chunks of one size."""
    intake = Intake(f'multipart/form-data; boundary="{boundary}"', keep=keep)
    for start in range(0, len(text), chunk):
        intake.feed(text[start : start + chunk])
    return intake.finish()


@pytest.mark.parametrize("boundary", ["b", "------------------------d74496d66958873e", "'()+_,-./:=? x", "0" * 70])
@pytest.mark.parametrize("chunk", [7, 64, 4096, 1 << 20])
def test_a_body_is_read_whatever_its_boundary_and_chunks(boundary: str, chunk: int) -> None:
    """RFC 2046 allows odd characters and 70 of them; a boundary may be torn by the chunks."""
    form = read(body(boundary), boundary, chunk=chunk)

    assert (form.names, form.fields) == (("request", "video"), {"request": b"{}"})
    video = form.files["video"]
    assert (len(VIDEO), hashlib.sha256(VIDEO).hexdigest()) == (video.size, video.sha256)
    assert (video.file_name, video.media_type, video.path) == ("a.mp4", "video/mp4", None)


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_arrive_as_they_are(video: bytes, chunk: int) -> None:
    """Digest and size are those of the bytes between the boundaries, whatever they look like."""
    form = read(body("q8Zk2", video), "q8Zk2", chunk=chunk)

    assert form.files["video"].sha256 == hashlib.sha256(video).hexdigest()


def test_a_body_cut_anywhere_yields_nothing() -> None:
    """Up to the closing boundary, every prefix is refused."""
    whole = body("b", b"0123456789")
    end = whole.rindex(b"--b--") + len(b"--b--")

    for length in range(end):
        intake = Intake("multipart/form-data; boundary=b", keep=None)
        intake.feed(whole[:length])
        with pytest.raises(Refused, match="closing boundary"):
            intake.finish()


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=b",
        f"multipart/form-data; boundary={'0' * 300}",
    ],
)
def test_another_content_type_is_refused(kind: str) -> None:
    """Only ``multipart/form-data`` with a boundary can be read."""
    with pytest.raises(Refused):
        Intake(kind, keep=None)


@pytest.mark.parametrize(
    "text",
    [
        b"no boundary at all",
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: attachment; name="x"\r\n\r\nx\r\n--b--\r\n',
        body("b").removesuffix(b"--b--\r\n") + body("b"),
    ],
)
def test_a_malformed_body_is_refused(text: bytes) -> None:
    """No boundary, no name, another disposition, a part twice: 400."""
    with pytest.raises(Refused) as caught:
        read(text)

    assert caught.value.status == 400


def test_a_plain_field_may_hold_one_mebibyte() -> None:
    """The limit is Starlette's, to the byte; files have none."""
    assert len(read(body("b", request=b"x" * MAX_FIELD)).fields["request"]) == MAX_FIELD
    with pytest.raises(Refused, match="1024KB"):
        read(body("b", request=b"x" * (MAX_FIELD + 1)))


def test_kept_files_hold_the_bytes_and_go_when_discarded(tmp_path: Path) -> None:
    """With a folder the bytes are written down; discarding removes them, also in the middle."""
    kept = read(body("b"), keep=tmp_path).files["video"].path
    assert kept is not None
    assert kept.read_bytes() == VIDEO
    kept.unlink()

    intake = Intake("multipart/form-data; boundary=b", keep=tmp_path)
    intake.feed(body("b")[:300])
    assert len(list(tmp_path.iterdir())) == 1
    assert intake.names == ("request", "video")
    intake.discard()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    """A body of 64 MiB is read in far less memory than one chunk of it per mebibyte would need."""
    head, _, tail = body("b", b"@").partition(b"@")
    chunk = bytes(1 << 20)
    intake = Intake("multipart/form-data; boundary=b", keep=None)
    intake.feed(head)
    tracemalloc.start()
    for _ in range(64):
        intake.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    intake.feed(tail)

    assert intake.finish().files["video"].size == 64 << 20
    assert peak < 4 << 20
