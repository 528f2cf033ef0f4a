"""Results over real sockets: whole or not at all, gone on where the host allows it, and the key stays at home."""

import errno
import hashlib
import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from loopback import Loopback, Script, Visit, saying, serving

from panjaya_watchd.api.base import Download
from panjaya_watchd.api.panjaya import Panjaya, Timeouts
from panjaya_watchd.core.answers import Fault
from panjaya_watchd.errors import PlaceError

KEY = "s3cr3t-key"
CONTENT = bytes(range(256)) * 1200
TIMES = Timeouts(connect=5, write=5, answer=5, read=0.3)
FAULTED = (False, True, False)


@pytest.fixture
def panjaya() -> Iterator[Panjaya]:
    """Give a client whose service is on loopback, so that its results may be there too."""
    client = Panjaya("http://127.0.0.1:9", KEY, timeouts=TIMES)
    yield client
    client.close()


def told(_: int) -> None:
    """Take progress and do nothing."""


def storage(content: bytes = CONTENT, etag: str = '"e1"', *, cut_after: int | None = None) -> Script:
    """Answer like an object store: whole or from where the range begins; ``cut_after`` bytes the line breaks."""

    def script(visit: Visit) -> None:
        start, status = 0, 200
        if "range" in visit.headers and visit.headers.get("if-range") == etag:
            start, status = int(visit.headers["range"].removeprefix("bytes=").removesuffix("-")), 206
        fields = {"content_length": str(len(content) - start), "etag": etag, "accept_ranges": "bytes"}
        if status == 206:
            fields["content_range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:] if cut_after is None else content[start : start + cut_after]
        visit.answer(status, body, **fields)

    return script


def facts(found: Download | int | Fault) -> tuple[bool, bool, bool]:
    """Give what decides."""
    assert isinstance(found, Fault)
    return found.money_may_have_moved, found.repeat_helps, found.account


def whole(content: bytes = CONTENT) -> Download:
    """Give what a good download must say."""
    return Download(size=len(content), digest=hashlib.sha256(content).hexdigest())  # type: ignore[arg-type]


def left(folder: Path) -> list[str]:
    """Name what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_result_is_stored_whole_and_hashed(panjaya: Panjaya, tmp_path: Path) -> None:
    """Size and digest are of the file on disk; progress grows to the end; nothing else is left behind."""
    seen: list[int] = []
    with serving(storage()) as server:
        found = panjaya.download(f"{server.url}/v1?sig=x", tmp_path / "r", seen.append)

    assert whole() == found
    assert (tmp_path / "r").read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    assert left(tmp_path) == ["r"]


def test_the_key_never_goes_to_the_result_host(panjaya: Panjaya, tmp_path: Path) -> None:
    """Object stores refuse a second kind of credential, and the key is nobody else's business."""
    with serving(storage()) as server:
        panjaya.download(f"{server.url}/v", tmp_path / "r", told)
    visit = server.visits[0]

    assert "authorization" not in visit.headers
    assert KEY.encode() not in visit.raw_head
    assert visit.headers["accept-encoding"] == "identity"


def test_progress_begins_with_what_was_there(panjaya: Panjaya, tmp_path: Path) -> None:
    """Only what comes over the line counts against a rate: nothing of an earlier try, but all where it begins anew."""
    first: list[int] = []
    again: list[int] = []
    anew: list[int] = []
    with serving(storage(cut_after=100_000), storage(cut_after=1000), storage(etag='"e2"')) as server:
        panjaya.download(f"{server.url}/v", tmp_path / "r", first.append)
        panjaya.download(f"{server.url}/v", tmp_path / "r", again.append)
        panjaya.download(f"{server.url}/v", tmp_path / "r", anew.append)

    assert (first[0], first[-1]) == (0, 100_000)
    assert (again[0], again[-1]) == (100_000, 101_000)
    assert (anew[0], anew[-1]) == (0, len(CONTENT))


def test_a_cut_download_goes_on_where_it_stopped(panjaya: Panjaya, tmp_path: Path) -> None:
    """The second try asks for the rest of the same file, and the digest is of the whole."""
    with serving(storage(cut_after=100_000), storage()) as server:
        first = panjaya.download(f"{server.url}/v?sig=1", tmp_path / "r", told)
        between = (tmp_path / "r").read_bytes()
        second = panjaya.download(f"{server.url}/v?sig=2", tmp_path / "r", told)

    assert facts(first) == FAULTED
    assert between == CONTENT[:100_000]
    assert whole() == second
    assert (server.visits[1].headers["range"], server.visits[1].headers["if-range"]) == ("bytes=100000-", '"e1"')
    assert (tmp_path / "r").read_bytes() == CONTENT
    assert left(tmp_path) == ["r"]


def test_another_file_by_the_second_try_is_taken_from_its_beginning(panjaya: Panjaya, tmp_path: Path) -> None:
    """A new rendering has a new ETag: halves of two videos are never put together."""
    other = b"another rendering" * 1000
    with serving(storage(cut_after=1000), storage(other, '"e2"')) as server:
        panjaya.download(f"{server.url}/v", tmp_path / "r", told)
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert whole(other) == found
    assert (tmp_path / "r").read_bytes() == other


def lying_range(**changes: str) -> Script:
    """Answer a range with something that is not what was asked for, and a plain request with the whole."""

    def script(visit: Visit) -> None:
        if "range" not in visit.headers:
            storage()(visit)
            return
        fields = {"content_range": f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}", "etag": '"e1"'} | changes
        visit.answer(206, CONTENT[1000:], **fields)

    return script


@pytest.mark.parametrize(
    "script",
    [
        lying_range(content_range=f"bytes 999-{len(CONTENT) - 1}/{len(CONTENT)}"),
        lying_range(content_range="lines 1-2/3"),
        lying_range(etag='"e2"'),
        lambda visit: saying(416)(visit) if "range" in visit.headers else storage()(visit),
    ],
    ids=["another start", "nonsense", "another etag", "416"],
)
def test_a_wrong_rest_is_thrown_away_and_the_whole_is_asked_for(
    panjaya: Panjaya, tmp_path: Path, script: Script
) -> None:
    """What does not fit exactly behind our bytes is never put there."""
    with serving(storage(cut_after=1000), script) as server:
        panjaya.download(f"{server.url}/v", tmp_path / "r", told)
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert whole() == found
    assert (tmp_path / "r").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fields",
    [{}, {"etag": '"e1"'}, {"accept_ranges": "bytes"}, {"etag": 'W/"e1"', "accept_ranges": "bytes"}],
    ids=["neither", "no ranges", "no etag", "weak"],
)
def test_without_ranges_and_a_strong_etag_a_download_begins_anew(
    panjaya: Panjaya, tmp_path: Path, fields: dict[str, str]
) -> None:
    """Nothing proves that the rest belongs to what we have."""

    def cut(visit: Visit) -> None:
        visit.answer(200, CONTENT[:1000], content_length=str(len(CONTENT)), **fields)

    with serving(cut, storage()) as server:
        panjaya.download(f"{server.url}/v", tmp_path / "r", told)
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert "range" not in server.visits[1].headers
    assert whole() == found


@pytest.mark.parametrize(
    "note",
    [b"", b"{", b"[]", b'{"etag": 1, "size": 5}', b'{"etag": "x", "size": -5}', b'{"etag": "x", "size": 999999}'],
)
def test_a_note_that_cannot_be_trusted_is_ignored(panjaya: Panjaya, tmp_path: Path, note: bytes) -> None:
    """After a power loss a file without its note, or with half of one, is begun anew."""
    (tmp_path / "r").write_bytes(b"\0" * 1000)
    (tmp_path / "r.etag").write_bytes(note)
    with serving(storage()) as server:
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert whole() == found
    assert (tmp_path / "r").read_bytes() == CONTENT
    assert left(tmp_path) == ["r"]


def test_bytes_behind_the_noted_ones_are_not_trusted(panjaya: Panjaya, tmp_path: Path) -> None:
    """Only what was synced before the note was written counts."""
    (tmp_path / "r").write_bytes(CONTENT[:1000] + b"\0" * 5000)
    (tmp_path / "r.etag").write_text(json.dumps({"etag": '"e1"', "size": 1000}))
    with serving(storage()) as server:
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert server.visits[0].headers["range"] == "bytes=1000-"
    assert whole() == found
    assert (tmp_path / "r").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 503])
def test_a_link_that_ran_out_asks_for_a_fresh_one(panjaya: Panjaya, tmp_path: Path, status: int) -> None:
    """Whatever the host says: no money, no account trouble, a repeat with a fresh link helps, no secret in words."""
    body = b"<Error><Code>AccessDenied</Code><Url>https://cdn.example/v?sig=s3cr3t</Url></Error>"
    with serving(saying(status, body)) as server:
        found = panjaya.download(f"{server.url}/v?sig=s3cr3t", tmp_path / "r", told)

    assert facts(found) == FAULTED
    assert isinstance(found, Fault)
    assert found.status == status
    assert "s3cr3t" not in repr(found)


def test_a_link_that_runs_out_half_way_loses_nothing(panjaya: Panjaya, tmp_path: Path) -> None:
    """What was there before the refusal is still there for the next link."""
    with serving(storage(cut_after=1000), saying(403), storage()) as server:
        found = [panjaya.download(f"{server.url}/v", tmp_path / "r", told) for _ in range(3)]

    assert [isinstance(each, Fault) for each in found] == [True, True, False]
    assert server.visits[2].headers["range"] == "bytes=1000-"
    assert found[2] == whole()


def unmeasured(visit: Visit) -> None:
    """Say nothing about the length, as HTTP/1.0 servers do: the end of the connection is the end."""
    visit.send(b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT)


def chunked(visit: Visit) -> None:
    """Send in HTTP chunks, which say where they end."""
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(CONTENT), CONTENT))


def packed(visit: Visit) -> None:
    """Compress, although nobody asked for it."""
    visit.answer(200, CONTENT, content_encoding="gzip")


@pytest.mark.parametrize("script", [unmeasured, packed, saying(200), saying(204)])
def test_a_result_whose_end_cannot_be_known_is_not_taken(panjaya: Panjaya, tmp_path: Path, script: Script) -> None:
    """A cut would look like the end, and half a video would be filed as done."""
    with serving(script) as server:
        assert facts(panjaya.download(f"{server.url}/v", tmp_path / "r", told)) == FAULTED


def test_a_chunked_result_is_taken(panjaya: Panjaya, tmp_path: Path) -> None:
    """Its end is marked, so a cut cannot look like it."""
    with serving(chunked) as server:
        assert panjaya.download(f"{server.url}/v", tmp_path / "r", told) == whole()


def test_redirects_of_the_result_host_are_followed_a_few_times(panjaya: Panjaya, tmp_path: Path) -> None:
    """Storage hosts send to the nearest copy; relative or absolute, three times at most."""

    def hop(visit: Visit) -> None:
        number = int(visit.target.removeprefix("/"))
        if number == 0:
            storage()(visit)
        else:
            visit.answer(302, location=f"/{number - 1}")

    with serving(hop) as server:
        assert panjaya.download(f"{server.url}/3", tmp_path / "r", told) == whole()
        assert facts(panjaya.download(f"{server.url}/4", tmp_path / "s", told)) == FAULTED


@pytest.mark.parametrize(
    "url", ["http://cdn.example/v", "file:///etc/passwd", "ftp://cdn.example/v", "https://", "//x", "", "http://[x"]
)
def test_only_https_leaves_this_host(panjaya: Panjaya, tmp_path: Path, url: str) -> None:
    """Neither a link nor a redirect leads to a plain or strange address."""
    with serving(lambda visit: visit.answer(302, location=url or "ftp://x")) as server:
        assert facts(panjaya.download(url, tmp_path / "r", told)) == FAULTED
        assert facts(panjaya.download(f"{server.url}/v", tmp_path / "r", told)) == FAULTED


def test_a_real_service_never_sends_us_to_plain_http(tmp_path: Path) -> None:
    """With an https service even loopback may not be asked in the clear: another user may listen there."""
    panjaya = Panjaya("https://api.panjaya.ai", KEY, timeouts=TIMES)
    with serving(storage()) as server:
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)
    panjaya.close()

    assert facts(found) == FAULTED
    assert server.visits == []


def test_results_come_over_tls(tmp_path: Path) -> None:
    """The usual way, with the certificate checked."""
    authority = trustme.CA()
    trusted, other = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(trusted)
    authority.issue_cert("127.0.0.1").configure_cert(other)
    panjaya = Panjaya("https://api.panjaya.ai", KEY, timeouts=TIMES, tls=trusted)
    with serving(storage(), tls=other) as server:
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)
    panjaya.close()

    assert whole() == found


@pytest.mark.slow
def test_a_host_that_stops_sending_is_a_fault(panjaya: Panjaya, tmp_path: Path) -> None:
    """What came is kept for the next try."""

    def script(visit: Visit) -> None:
        visit.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: "e"\r\nAccept-Ranges: bytes\r\n\r\n12345')
        visit.expect_silence(1)

    with serving(script) as server:
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert facts(found) == FAULTED
    assert (tmp_path / "r").read_bytes() == b"12345"
    assert left(tmp_path) == ["r", "r.etag"]


def test_an_exception_of_progress_keeps_what_came(panjaya: Panjaya, tmp_path: Path) -> None:
    """How a daemon that goes down leaves a download; the next start goes on."""

    def stop(size: int) -> None:
        if size:
            raise KeyboardInterrupt

    with serving(storage()) as server:
        with pytest.raises(KeyboardInterrupt):
            panjaya.download(f"{server.url}/v", tmp_path / "r", stop)
        kept = (tmp_path / "r").stat().st_size
        found = panjaya.download(f"{server.url}/v", tmp_path / "r", told)

    assert kept
    assert server.visits[1].headers["range"] == f"bytes={kept}-"
    assert whole() == found


def test_a_folder_that_is_gone_is_told_as_such(panjaya: Panjaya, tmp_path: Path, trap: Loopback) -> None:
    """Storage trouble pauses the lane; the host is not even asked."""
    with pytest.raises(PlaceError, match="could not be stored"):
        panjaya.download(f"{trap.url}/v", tmp_path / "gone" / "r", told)

    assert trap.visits == []


def test_a_full_disk_is_told_as_such(panjaya: Panjaya, trap: Loopback) -> None:
    """``/dev/full`` is a disk without room, and a device in the place of a file is refused before anything is asked."""
    with pytest.raises(PlaceError):
        panjaya.download(f"{trap.url}/v", Path("/dev/full"), told)


@pytest.fixture
def trap() -> Iterator[Loopback]:
    """Give a result host that works."""
    with serving(storage()) as server:
        yield server


def test_a_link_in_the_folder_is_not_followed(panjaya: Panjaya, tmp_path: Path, trap: Loopback) -> None:
    """The folder is shared: somebody might point our file at theirs."""
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "r").symlink_to(tmp_path / "precious")
    with pytest.raises(PlaceError, match=os.strerror(errno.ELOOP)):
        panjaya.download(f"{trap.url}/v", tmp_path / "r", told)

    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_second_name_in_the_place_of_our_file_is_not_written_to(
    panjaya: Panjaya, tmp_path: Path, trap: Loopback
) -> None:
    """A hard link is no link that could be refused by its kind, and would empty whatever else has that file."""
    (tmp_path / "precious").write_bytes(b"precious")
    os.link(tmp_path / "precious", tmp_path / "r")
    with pytest.raises(PlaceError, match="another file"):
        panjaya.download(f"{trap.url}/v", tmp_path / "r", told)

    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_pipe_in_the_place_of_our_file_is_refused(panjaya: Panjaya, tmp_path: Path, trap: Loopback) -> None:
    """Nobody waits for whoever would read from it."""
    os.mkfifo(tmp_path / "r")
    with pytest.raises(PlaceError, match="another file"):
        panjaya.download(f"{trap.url}/v", tmp_path / "r", told)


def test_a_pipe_in_the_place_of_the_note_does_not_block(panjaya: Panjaya, tmp_path: Path, trap: Loopback) -> None:
    """Whatever lies there, it is no note of ours."""
    os.mkfifo(tmp_path / "r.etag")

    assert panjaya.download(f"{trap.url}/v", tmp_path / "r", told) == whole()


@pytest.mark.parametrize(
    "url",
    [
        "https://xn--/v",
        "https://xn--\u00fc.example/v",
        "https://" + "\u00fc" * 70 + ".example/v",
        "https://a..b\u00fc/v",
        "https://\u2488.example/v",
        "https://\ud800.example/v",
        "https://cdn.example/\ud800",
    ],
)
def test_a_link_whose_host_is_no_name_is_a_fault(panjaya: Panjaya, tmp_path: Path, url: str) -> None:
    """The link comes from an answer: whatever stands there, a lane does not die of it, and a fresh one is asked for."""
    assert facts(panjaya.download(url, tmp_path / "r", told)) == FAULTED


def test_a_redirect_to_a_host_that_is_no_name_is_a_fault(panjaya: Panjaya, tmp_path: Path) -> None:
    """The same for a link that the result's host gives."""
    with serving(lambda visit: visit.answer(302, location="https://xn--%C3%BC.example/v")) as server:
        assert facts(panjaya.download(f"{server.url}/v", tmp_path / "r", told)) == FAULTED


def test_cookies_of_the_result_host_are_not_kept(panjaya: Panjaya, tmp_path: Path) -> None:
    """Neither across a redirect nor to the next result."""

    def hop(visit: Visit) -> None:
        if visit.target == "/1":
            visit.answer(302, location="/0", set_cookie="hop=1; Path=/")
        else:
            storage()(visit)

    with serving(hop) as server:
        assert panjaya.download(f"{server.url}/1", tmp_path / "r", told) == whole()
        assert panjaya.download(f"{server.url}/0", tmp_path / "s", told) == whole()

    assert len(server.visits) == 3
    assert all("cookie" not in visit.headers for visit in server.visits)


def test_a_result_is_weighed_without_being_taken(panjaya: Panjaya) -> None:
    """Its host says how long it is; a refusal, and a host that does not say, are faults. The key stays at home."""

    def refusing(visit: Visit) -> None:
        visit.answer(403, b"<Error><Code>Expired</Code></Error>")

    with serving(storage(), refusing) as server:
        found, refused = panjaya.weigh(f"{server.url}/v"), panjaya.weigh(f"{server.url}/v")
    unsafe = panjaya.weigh("ftp://127.0.0.1/v")

    assert found == len(CONTENT)
    assert [facts(each) for each in (refused, unsafe) if not isinstance(each, int)] == [FAULTED, FAULTED]
    assert "authorization" not in server.visits[0].headers
