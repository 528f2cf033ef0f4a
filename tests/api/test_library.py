"""The client as a library: docs/library.md does what it says, imports cost nothing, and a file is sent as it is."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

import pytest

import panjaya_watchd.api as library
from panjaya_watchd.api import (
    Asset,
    AutoGenerate,
    Body,
    Fault,
    FileBody,
    Language,
    Locale,
    Order,
    Panjaya,
    PlaceError,
    Submission,
    Timeouts,
    Withdrawn,
)
from panjaya_watchd.api.reader import CHUNK
from panjaya_watchd.rehearsal.script import Scripted
from panjaya_watchd.rehearsal.server import KEY, StudioServer
from panjaya_watchd.rehearsal.studio import Studio
from panjaya_watchd.rehearsal.switches import Switches

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
ORDER: Final = Order(
    locale=Locale("en-US"), languages=(Language(locale=Locale("es-ES")),), auto_generate=AutoGenerate.OFF
)


class Time:
    """The studio's time; whoever sleeps lets it pass."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Time:
    """Give a time that stands still until somebody sleeps."""
    return Time()


@pytest.fixture
def server(clock: Time) -> Iterator[StudioServer]:
    """Give a studio that takes any bytes for a video."""
    with StudioServer(Studio(Switches(inspect=False), clock=lambda: clock.now)) as server:
        yield server


@pytest.fixture
def api(server: StudioServer) -> Iterator[Panjaya]:
    """Give a client of it."""
    with Panjaya(server.base_url, KEY) as api:
        yield api


def blocks() -> list[tuple[str, str]]:
    """Give every block of code of the page, with the heading that it stands under."""
    found = re.finditer(r"^## (?P<heading>[^\n]+)|^```(?P<kind>\w*)\n(?P<code>.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    heading, listed = "", []
    for each in found:
        heading = each["heading"] or heading
        if each["heading"] is None:
            assert each["kind"] == "python", "a block that nobody runs"
            listed.append((heading, each["code"]))
    return listed


def run(code: str, names: dict[str, Any]) -> None:
    """Run a block as a reader would: after those before it."""
    exec(compile(code, "docs/library.md", "exec"), names)


@pytest.mark.slow
def test_every_block_of_the_page_does_what_it_says(
    clock: Time,
    server: StudioServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One after the other, against a real server: videos come back, and what is in doubt is found, not sent again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANJAYA_API_KEY", KEY)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    Path("interview.mp4").write_bytes(b"a video" * 1000)
    studio, names = server.studio, dict[str, Any]()
    said: dict[str, str] = {}
    for heading, code in blocks():
        if heading.startswith("What a `Fault`"):
            server.script(Scripted(on="POST /v1/assets/upload", do="cut", when="after_store"))
        run(code.replace("https://api.panjaya.ai", server.base_url), names)
        said[heading] = capsys.readouterr().out
    first, linked, doubtful = studio.assets

    assert said["Without an account"] == "()\n"
    assert said["Upload a file"] == f"{first.asset_id}\n"
    assert first.video is not None
    assert first.video.sha256 == hashlib.sha256(b"a video" * 1000).hexdigest()
    assert [version.locale for version in first.versions] == ["es-ES", "fr-FR", "de-DE"]
    assert linked.request.media_url == "https://cdn.example/interview.mp4"
    assert [srt is not None for _, srt in linked.request.languages] == [False, True]
    assert sorted(path.name for path in tmp_path.glob("interview.*.mp4")) == [
        f"interview.{locale}.mp4" for locale in ("de-DE", "es-ES", "fr-FR")
    ]
    assert "interview.de-DE.mp4" in said["Follow it and download"]
    assert isinstance(names["asset"], Fault)
    assert doubtful.asset_id in said["What a `Fault` means for money"]
    links = said["Links to the Studio, and editing again"].splitlines()
    assert studio.version_record(linked.versions[0].version_id).status(clock.now) == "ReadyToEdit"
    assert (len(links), links[0].startswith(f"{server.base_url}/studio/versions/"), links[1]) == (2, True, "")
    assert [bill.by for bill in studio.bills] == ["upload", "media_url", "languages", "upload"]
    assert first.ignored == linked.ignored == doubtful.ignored == []


@pytest.mark.slow
def test_the_package_is_imported_without_http() -> None:
    """The daemon's commands pay for no client; a name brings what it needs when it is first used."""
    code = (
        "import sys, panjaya_watchd.api as api\n"
        "assert not {'httpx', 'h11', 'ssl', 'panjaya_watchd.api.panjaya'} & set(sys.modules)\n"
        "api.Order, api.Fault, api.FileBody, api.Submission, api.Locale\n"
        "assert 'httpx' not in sys.modules\n"
        "api.Panjaya\n"
        "assert 'httpx' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_that_is_offered_is_there() -> None:
    """And no other one; each is the very thing, not a copy."""
    for name in library.__all__:
        assert getattr(library, name).__name__ == name
    assert dir(library) == library.__all__ == sorted(library.__all__)
    assert vars(library)["_HOME_OF"].keys() == set(library.__all__)
    nonsense = "Nonsense"
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        getattr(library, nonsense)
    assert isinstance(Timeouts(), library.Timeouts)


def test_the_types_are_for_everybody() -> None:
    """The marker of PEP 561 lies in the package, and the wheel takes all of the package."""
    assert (ROOT / "panjaya_watchd" / "py.typed").read_bytes() == b""
    assert 'packages = ["panjaya_watchd"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_every_page_that_a_docstring_names_is_one() -> None:
    """``docs:`` and ``stl:`` are followed by the path of a page that is known to exist, broken lines or not."""
    known = {
        *("/apis", "/apis/assets", "/apis/versions", "/apis/callbacks"),
        *("/apis/versions/versions-get_version", "/apis/versions/versions-revise_version"),
        *("/resources/assets", "/resources/assets/methods/get_asset", "/resources/versions"),
    }
    sources = [*(ROOT / "panjaya_watchd").glob("api/*.py"), *(ROOT / "panjaya_watchd" / "core").glob("*.py")]
    named = [
        page.rstrip(".")
        for path in sources
        for page in re.findall(r"(?:docs|stl):\s+(/[\w./-]+)", path.read_text(encoding="utf-8"))
    ]

    assert len(named) > 15
    assert set(named) <= known


def submit(api: Panjaya, video: Body, background: Body | None = None) -> Asset | Fault:
    """Order Spanish."""
    return api.submit(Submission(order=ORDER, srt={}, video=video, background=background))


def test_a_file_is_sent_as_it_is_and_may_be_sent_again(server: StudioServer, api: Panjaya, tmp_path: Path) -> None:
    """Name, bytes and digest; also by a link, and with a background track."""
    content, track = os.urandom(CHUNK + 7), os.urandom(9)
    (tmp_path / "talk.mp4").write_bytes(content)
    (tmp_path / "music.wav").write_bytes(track)
    (tmp_path / "link.mp4").symlink_to("talk.mp4")
    told: list[int] = []
    video = FileBody(tmp_path / "talk.mp4", progress=told.append)

    for body in (video, video, FileBody(str(tmp_path / "link.mp4"), file_name="other.mp4")):
        assert isinstance(submit(api, body, FileBody(tmp_path / "music.wav")), Asset)
    assert video.digest == hashlib.sha256(content).hexdigest()
    assert told == [CHUNK, CHUNK + 7] * 2
    assert [bill.file_name for bill in server.studio.bills] == ["talk.mp4", "talk.mp4", "other.mp4"]
    for asset in server.studio.assets:
        assert asset.video is not None
        assert asset.background is not None
        assert (asset.video.sha256, asset.video.size) == (video.digest, video.size)
        assert asset.background.sha256 == hashlib.sha256(track).hexdigest()


def grow(path: Path) -> None:
    """Add a byte."""
    with path.open("ab") as file:
        file.write(b"!")


def shrink(path: Path) -> None:
    """Take the end away."""
    os.truncate(path, path.stat().st_size - 1)


def rewrite(path: Path) -> None:
    """Write other bytes of the same length, and set the old time."""
    before = path.stat()
    path.write_bytes(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def take_its_place(path: Path) -> None:
    """Put another file under the name."""
    other = path.with_name("other")
    other.write_bytes(b"z" * path.stat().st_size)
    other.rename(path)


@pytest.mark.parametrize("size", [10, CHUNK * 3])
@pytest.mark.parametrize("change", [grow, shrink, rewrite, take_its_place])
def test_a_file_that_changes_before_it_is_sent_is_not_sent(
    server: StudioServer, api: Panjaya, tmp_path: Path, change: Callable[[Path], None], size: int
) -> None:
    """From the moment on at which its size was announced."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x" * size)
    body = FileBody(path)
    assert body.digest is None
    change(path)

    with pytest.raises(Withdrawn):
        submit(api, body)
    assert server.studio.bills == []
    assert isinstance(submit(api, FileBody(path)), Asset)


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_file_that_changes_while_it_is_sent_is_taken_back(
    server: StudioServer, api: Panjaya, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Before its last chunk, so that the service never holds the whole."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x" * CHUNK * 20)
    changes = iter([lambda: change(path)])
    body = FileBody(path, progress=lambda _: next(changes, lambda: None)())

    with pytest.raises(Withdrawn):
        submit(api, body)
    assert server.studio.bills == []


@pytest.mark.parametrize("what", ["nothing", "a folder", "a pipe", "an empty file"])
def test_what_is_no_file_is_no_body(tmp_path: Path, what: str) -> None:
    """It is said at once, with its name and what to do, and nothing hangs."""
    path = tmp_path / "talk.mp4"
    make: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "a folder": path.mkdir,
        "a pipe": lambda: os.mkfifo(path),
        "an empty file": path.touch,
    }
    make[what]()

    with pytest.raises(PlaceError, match=r"talk\.mp4 cannot be sent: .*Name a file"):
        FileBody(path)


def test_a_file_that_has_gone_costs_nothing(server: StudioServer, api: Panjaya, tmp_path: Path) -> None:
    """It is our own trouble, so it is raised, and nothing was billed."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"x")
    body = FileBody(path)
    path.unlink()

    with pytest.raises(PlaceError, match=r"talk\.mp4 cannot be sent"):
        submit(api, body)
    assert server.studio.bills == []


def test_a_signed_link_is_inferred_and_may_not_be_there(clock: Time) -> None:
    """Where the service has no such endpoint it is a fault that costs nothing; else a link."""
    for there in (True, False):
        studio = Studio(Switches(inspect=False, studio_links=there), clock=lambda: clock.now)
        with StudioServer(studio) as server, Panjaya(server.base_url, KEY) as api:
            studio.stranger({"locale": "en-US", "languages": [{"locale": "es-ES"}]}, duration=1.0)
            version_id = studio.assets[0].versions[0].version_id
            link = api.studio_url(library.VersionId(version_id))

        assert isinstance(link, get_args(str | Fault))
        assert isinstance(link, str) == there
        if isinstance(link, Fault):
            assert (link.status, link.money_may_have_moved, link.account) == (404, False, False)
