"""The bytes of a request: names of fields, the frame of the body, and file names that no parser can misread."""

import json
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest
import python_multipart
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart.multipart import Field, File

from panjaya_watchd.api.wire import (
    FILE_NAME_LIMIT,
    FilePart,
    Frame,
    languages,
    languages_path,
    multipart,
    request_fields,
    revise_path,
    safe_name,
)
from panjaya_watchd.core.names import AssetId, Locale, VersionId
from panjaya_watchd.core.order import AutoGenerate, Language, LipsModel, Order

SPANISH = Language(locale=Locale("es-ES"))
PLAIN = Order(locale=Locale("en-US"), languages=(SPANISH,), auto_generate=AutoGenerate.WITH_LIPS)


def test_the_smallest_order_says_only_what_it_must() -> None:
    """What is not set is left out, never sent as null; ``auto_generate`` is always said."""
    expected = {"locale": "en-US", "languages": [{"locale": "es-ES"}], "auto_generate": "with_lips"}

    assert expected == request_fields(PLAIN, {})


def test_a_full_order_has_exactly_the_names_of_the_api() -> None:
    """Unknown keys are ignored by the service without a word, so each name must be right."""
    order = Order(
        locale=Locale("en-US"),
        languages=(SPANISH, Language(locale=Locale("fr-FR"), srt="talk.fr-FR.srt")),
        auto_generate=AutoGenerate.OFF,
        lips_model=LipsModel.REAL_FACE_TURBO,
        speakers_count=2,
        start_time=1.5,
        end_time=120.0,
        background_url="https://example.com/b.wav",
        callback_url="https://example.com/cb/1",
        force=True,
        media_url="https://example.com/talk.mp4",
    )
    expected = {
        "locale": "en-US",
        "languages": [{"locale": "es-ES"}, {"locale": "fr-FR", "srt": "1\n00:00 …\n"}],
        "auto_generate": "off",
        "lips_model": "real_face_turbo",
        "speakers_count": 2,
        "start_time": 1.5,
        "end_time": 120,
        "background_url": "https://example.com/b.wav",
        "callback_url": "https://example.com/cb/1",
        "media_url": "https://example.com/talk.mp4",
    }
    fields = request_fields(order, {Locale("fr-FR"): "1\n00:00 …\n", Locale("es-ES"): ""})

    assert expected == fields
    assert "120," in json.dumps(fields)


def test_times_have_at_most_three_decimals_and_zero_is_a_time() -> None:
    """Whole seconds travel as integers, others in milliseconds; a start of 0 is said."""
    order = Order(
        locale=Locale("en-US"),
        languages=(SPANISH,),
        auto_generate=AutoGenerate.OFF,
        start_time=0.0,
        end_time=1.23456,
        speakers_count=0,
    )
    fields = request_fields(order, {})

    assert (0, int) == (fields["start_time"], type(fields["start_time"]))
    assert fields["end_time"] == 1.235
    assert "speakers_count" not in fields


def test_languages_are_said_alike_for_a_new_asset_and_for_an_old_one() -> None:
    """In the order asked for; a text that is empty, or for a locale that is not asked for, is not sent."""
    spanish, french, german = Locale("es-ES"), Locale("fr-FR"), Locale("de-DE")
    texts = {french: "1\n00:00 …\n", german: "", Locale("it-IT"): "1\n"}
    expected = [{"locale": "fr-FR", "srt": "1\n00:00 …\n"}, {"locale": "es-ES"}, {"locale": "de-DE"}]
    order = replace(PLAIN, languages=tuple(Language(locale=locale) for locale in (french, spanish, german)))

    assert expected == languages([french, spanish, german], texts)
    assert expected == request_fields(order, texts)["languages"]
    assert languages([], texts) == []


@pytest.mark.parametrize(
    ("asset_id", "path"),
    [
        ("a1", "/v1/assets/a1/languages"),
        ("9f1c-_.~", "/v1/assets/9f1c-_.~/languages"),
        ("a/b", "/v1/assets/a%2Fb/languages"),
        ("a b?c#d", "/v1/assets/a%20b%3Fc%23d/languages"),
        ("100%25", "/v1/assets/100%2525/languages"),
        ("ü:é", "/v1/assets/%C3%BC%3A%C3%A9/languages"),
    ],
)
def test_an_id_in_a_path_is_one_level_of_it(asset_id: str, path: str) -> None:
    """Ids are opaque: no character of one may end the path or lead to another asset."""
    assert languages_path(AssetId(asset_id)) == path
    assert revise_path(VersionId(asset_id)) == path.replace("assets", "versions").replace("languages", "revise")


def test_the_body_is_these_bytes() -> None:
    """The frame on the wire, byte for byte: the request first, the video last, nothing behind it but the boundary."""
    files = [
        FilePart(field="background", file_name="b.wav", size=3),
        FilePart(field="video", file_name="talk.mp4", size=4),
    ]
    frame = multipart({"locale": "en-US", "name": "é"}, files, "BOUND")
    expected = (
        b"--BOUND\r\n"
        b'Content-Disposition: form-data; name="request"\r\n'
        b"\r\n"
        b'{"locale": "en-US", "name": "\xc3\xa9"}\r\n'
        b"--BOUND\r\n"
        b'Content-Disposition: form-data; name="background"; filename="b.wav"\r\n'
        b"Content-Type: audio/wav\r\n"
        b"\r\n"
        b"BBB\r\n"
        b"--BOUND\r\n"
        b'Content-Disposition: form-data; name="video"; filename="talk.mp4"\r\n'
        b"Content-Type: video/mp4\r\n"
        b"\r\n"
        b"VVVV\r\n"
        b"--BOUND--\r\n"
    )
    body = assemble(frame, [b"BBB", b"VVVV"])

    assert expected == body
    assert len(body) == frame.length
    assert frame.content_type == "multipart/form-data; boundary=BOUND"


json_texts = st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4)


@settings(max_examples=40)
@given(fields=json_texts, name=st.text(max_size=30), content=st.binary(max_size=200))
def test_two_parsers_read_what_was_meant(fields: dict[str, str], name: str, content: bytes) -> None:
    """Any text and any file name: both parsers find the same parts, and the video's bytes unchanged."""
    boundary = "0123456789abcdef0123456789abcdef"
    files = [
        FilePart(field="background", file_name=name, size=1),
        FilePart(field="video", file_name=name, size=len(content)),
    ]
    frame = multipart(fields, files, boundary)
    body = assemble(frame, [b"B", content])
    said = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
    expected = [("request", None, said), ("background", safe_name(name), b"B"), ("video", safe_name(name), content)]

    assert len(body) == frame.length
    assert expected == by_python_multipart(frame.content_type, body)
    assert expected == by_email(frame.content_type, body)


@given(name=st.text(st.characters(codec=None), max_size=300))
def test_a_safe_name_is_plain_and_never_empty(name: str) -> None:
    """No quote, no line break, nothing outside ASCII, no leading dot, and short enough for any parser."""
    safe = safe_name(name)

    assert safe.isascii()
    assert safe.isprintable()
    assert not set(safe) & set('"\\/%;\r\n\0')
    assert safe.strip(" .") == safe != ""
    assert len(safe) <= FILE_NAME_LIMIT
    assert safe == safe_name(safe)


def test_safe_names_stay_readable() -> None:
    """Accents lose their marks, other scripts make way for a word, what makes a name unique survives at its end."""
    long = "x" * 300 + "-01jd2f4claim"
    expected = {
        "Café Ölüm.mp4": "Cafe Olum.mp4",
        "видео.mp4": "video.mp4",
        "日本-01jd2f4claim.mov": "_-01jd2f4claim.mov",
        'a"; name="request\r\nX: y.mp4': "a_ name=_request_X_ y.mp4",
        "../../etc/passwd": "video._etc_passwd",
        "interview (2).MP4": "interview (2).MP4",
        "": "video",
    }

    assert expected == {name: safe_name(name) for name in expected}
    assert safe_name(f"{long}.mp4").endswith("-01jd2f4claim.mp4")


def assemble(frame: Frame, contents: list[bytes]) -> bytes:
    """Put frame and files together."""
    pairs = zip(frame.heads, contents, strict=True)
    return b"".join(head + content for head, content in pairs) + frame.tail


def by_python_multipart(content_type: str, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Parse with python-multipart, which FastAPI uses."""
    found: list[tuple[str, str | None, bytes]] = []

    def on_field(field: Field) -> None:
        found.append(((field.field_name or b"").decode(), None, field.value or b""))

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        found.append(((file.field_name or b"").decode(), (file.file_name or b"").decode(), file.file_object.read()))
        file.close()

    headers = {"Content-Type": content_type.encode(), "Content-Length": str(len(body)).encode()}
    parser = python_multipart.create_form_parser(headers, on_field, on_file)
    parser.write(body)
    parser.finalize()
    parser.close()
    return found


def by_email(content_type: str, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Parse with the standard library's MIME parser."""
    message: Any = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]
