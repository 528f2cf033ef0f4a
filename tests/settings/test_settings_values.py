"""Every key of the configuration, right and wrong."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from settings_host import Host

from panjaya_watchd.core.claim import OnDoubt, Rules
from panjaya_watchd.core.names import Locale
from panjaya_watchd.core.order import MAY_SET, AutoGenerate, Defaults, LipsModel
from panjaya_watchd.core.profiles import TRAITS, Profile
from panjaya_watchd.core.rate import Schedule, Span
from panjaya_watchd.core.settle import Rule
from panjaya_watchd.settings import Folder, Settings


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine of its own to each test."""
    return Host(root=tmp_path)


RIGHT = [
    ("api", 'base_url = "https://api.panjaya.ai/"', "https://api.panjaya.ai"),
    ("api", 'base_url = "http://127.9.8.7:8080"', "http://127.9.8.7:8080"),
    ("api", 'base_url = "http://[::1]:8080"', "http://[::1]:8080"),
    ("api", 'base_url = "http://localhost"', "http://localhost"),
    ("api", 'key_file = "/etc/key"', Path("/etc/key")),
    ("api", 'key_file = ""', None),
    ("api", "poll_first = 5", timedelta(seconds=5)),
    ("api", 'poll_max = "1h30m"', timedelta(minutes=90)),
    ("api", "doubt_window = 0.5", timedelta(seconds=0.5)),
    ("state", 'url = "sqlite:////var/lib/x.db"', "sqlite:////var/lib/x.db"),
    ("state", 'socket = "/run/x.sock"', Path("/run/x.sock")),
    ("limits", "uploads = 1", 1),
    ("limits", "downloads = 64", 64),
    ("limits", "requests_per_second = 0.5", 0.5),
    ("limits", 'upload_rate = "20 MB/s"', Schedule(spans=(Span(limit=2e7),))),
    ("limits", 'download_rate = ["sat = 1 MB/s"]', Schedule(spans=(Span(limit=1e6, days=frozenset({5})),))),
    ("http", 'listen = "[::1]:80"', "[::1]:80"),
    ("http", 'listen = ""', ""),
    ("http", 'public_url = "https://dub.example.com/hook"', "https://dub.example.com/hook"),
    ("http", 'public_url = ""', ""),
    ("http", 'token_file = "/etc/token"', Path("/etc/token")),
    ("http", 'callback_key_file = "/etc/callback.pem"', Path("/etc/callback.pem")),
    ("http", 'callback_key_file = ""', None),
    ("notify", 'urls_file = "/etc/urls"', Path("/etc/urls")),
    ("folder", 'auto_generate = "off"', AutoGenerate.OFF),
    ("folder", 'lips_model = "real_face_turbo"', LipsModel.REAL_FACE_TURBO),
    ("folder", "speakers_count = 2", 2),
    ("folder", 'sidecar = "trigger"', "trigger"),
    ("folder", "sidecar_may = []", ()),
    ("folder", 'sidecar_may = ["srt", "locale"]', ("srt", "locale")),
    ("folder", 'profile = "smb-server"', "smb-server"),
    ("folder", "recursive = true", True),
    ("folder", 'done = "out/dubbed"', Path("out/dubbed")),
    ("folder", 'failed = "Failed"', Path("Failed")),
    ("folder", 'quiet = "90s"', timedelta(seconds=90)),
    ("folder", 'stall_timeout = "2d"', timedelta(days=2)),
    ("folder", 'on_first_start = "take"', "take"),
    ("folder", 'on_doubt = "retry"', OnDoubt.RETRY),
    ("folder", 'upload_rate = "800 kbit/s"', Schedule(spans=(Span(limit=1e5),))),
    ("folder", "download_rate = []", Schedule()),
]


@pytest.mark.parametrize(("table", "line", "expected"), RIGHT, ids=[line for _, line, _ in RIGHT])
def test_a_right_value_is_read(host: Host, table: str, line: str, expected: object) -> None:
    """Each key takes what the documentation says it takes, and gives it as a value."""
    place = "[[folder]]" if table == "folder" else f"[{table}]"
    text = host.folder("a")
    text = text.replace(place, f"{place}\n{line}") if table == "folder" else f"{text}{place}\n{line}\n"
    settings = host.load(text)
    section: Any = settings.folders[0] if table == "folder" else getattr(settings, table)

    assert expected == getattr(section, line.split(" = ", maxsplit=1)[0])


def test_a_budget_is_read(host: Host) -> None:
    """A budget has any of four limits; those left out are none."""
    extra = 'locale = "en-US"\nlanguages = []\nbudget = { minutes_per_day = 600, max_minutes_per_video = 1.5 }'
    budget = host.load(host.folder("a", extra)).folders[0].budget

    assert budget is not None
    assert (
        budget.minutes_per_day,
        budget.minutes_per_month,
        budget.drops_per_day,
        budget.max_minutes_per_video,
    ) == (600, None, None, 1.5)


def test_what_is_left_out_has_the_documented_default(host: Host) -> None:
    """A folder needs a name, a path, a locale and languages, and nothing else is needed at all."""
    settings = host.load(host.folder("a"))
    defaults = Settings(folders=settings.folders)
    folder = settings.folders[0]

    assert defaults == settings
    assert settings.api.base_url == "https://api.panjaya.ai"
    assert Path("/var/lib/panjaya-watchd/ledger.db") == settings.state.ledger
    assert Path("/var/lib/panjaya-watchd/control.sock") == settings.state.control
    assert (host.root / "a/done", host.root / "a/failed") == (folder.done_at, folder.failed_at)
    assert (
        folder.sidecar_may,
        folder.sidecar,
        folder.recursive,
        folder.on_first_start,
    ) == (MAY_SET, "optional", False, "hold")


WRONG = [
    ("api", "base_url = 3", "base_url", "found 3, expected a string"),
    ("api", 'base_url = "http://example.com"', "base_url", 'Did you mean "https://example.com"?'),
    ("api", 'base_url = "http://127.0.0.1.example.com"', "base_url", "expected a URL"),
    ("api", 'base_url = "http://localhost.example.com"', "base_url", "expected a URL"),
    ("api", 'base_url = "http://10.0.0.1"', "base_url", 'Did you mean "https://10.0.0.1"?'),
    ("api", 'base_url = "http://192.168.1.5:8000"', "base_url", "expected a URL"),
    ("api", 'base_url = "http://0.0.0.0"', "base_url", "expected a URL"),
    ("api", 'base_url = "http://127.1"', "base_url", "expected a URL"),
    ("api", 'base_url = "ftp://127.0.0.1"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://x:0"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://x:99999"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://[::1"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://a b"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://a\\nb"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://pänjaya.ai"', "base_url", "expected a URL"),
    ("api", 'base_url = ""', "base_url", "expected a URL"),
    ("api", 'base_url = "https://x?y=1"', "base_url", "found a URL with a query"),
    ("api", 'base_url = "https://x#y"', "base_url", "expected a URL"),
    ("api", 'base_url = "https://x?"', "base_url", "found a URL with a query"),
    ("api", 'base_url = "https://u:pw@x"', "base_url", "found a URL with a user name or password (not shown)"),
    ("api", 'base_url = "https://a.ai\\\\@evil.example"', "base_url", "user name"),
    ("api", 'base_url = "https://api.panjaya.ai/v1"', "base_url", 'Did you mean "https://api.panjaya.ai"?'),
    ("api", 'key_file = "api-key"', "key_file", "expected an absolute path"),
    ("api", "key_file = []", "key_file", "expected a path"),
    ("api", 'key_file = "/a\\u0000"', "key_file", "expected a path"),
    ("api", "poll_first = 0", "poll_first", "found 0, expected a duration"),
    ("api", "poll_first = -1", "poll_first", "expected a duration"),
    ("api", "poll_first = nan", "poll_first", "expected a duration"),
    ("api", "poll_first = inf", "poll_first", "expected a duration"),
    ("api", "poll_first = true", "poll_first", "found true, expected a duration"),
    ("api", 'poll_first = "11m"', "poll_first", "expected poll_first not longer than poll_max"),
    ("api", 'poll_max = "10s"', "poll_max", "expected poll_first not longer than poll_max"),
    ("api", 'poll_max = "90"', "poll_max", 'Did you mean "90s"?'),
    ("api", 'doubt_window = "1 minute"', "doubt_window", "expected a duration"),
    ("api", "poll_frist = 3", "poll_frist", "Did you mean poll_first?"),
    ("api", "uploads = 3", "uploads", "Did you mean uploads under [limits]?"),
    ("api", "quiet = 3", "quiet", "Did you mean quiet under [[folder]]?"),
    ("state", 'url = "sqlite:///ledger.db"', "url", "the absolute path of a file"),
    ("state", 'url = "sqlite://"', "url", "the absolute path of a file"),
    ("state", 'url = "sqlite:////"', "url", "the absolute path of a file"),
    ("state", 'url = "sqlite:////x?mode=ro"', "url", "the absolute path of a file"),
    ("state", 'url = "/var/lib/x.db"', "url", "the absolute path of a file"),
    ("state", 'url = "postgresql://u:pw@h/d"', "url", "this release keeps its ledger in SQLite only"),
    ("state", 'url = "postgresql+psycopg://h/d"', "url", "this release keeps its ledger in SQLite only"),
    ("state", 'socket = "control.sock"', "socket", "expected an absolute path"),
    ("state", f'socket = "/{"x" * 107}"', "socket", "found a socket path of 108 bytes"),
    ("state", f'url = "sqlite:////{"x" * 100}/ledger.db"', "url", "found a socket path of"),
    ("limits", "uploads = 0", "uploads", "expected a number of at least 1"),
    ("limits", f"uploads = 0x{'f' * 5000}", "uploads", "found a huge number, expected a number of at most 64"),
    ("api", f"poll_first = 0x{'f' * 5000}", "poll_first", "found a huge number, expected a duration"),
    ("folder", f"budget = {{ minutes_per_day = 0x{'f' * 5000} }}", "budget.minutes_per_day", "found a huge number"),
    ("limits", "requests_per_second = 0", "requests_per_second", "expected a number of more than 0"),
    ("limits", "requests_per_second = inf", "requests_per_second", "expected a finite number"),
    ("limits", "uploads = 65", "uploads", "expected a number of at most 64"),
    ("limits", "downloads = 1.5", "downloads", "expected a whole number"),
    ("limits", "downloads = true", "downloads", "expected a whole number"),
    ("http", 'listen = "8765"', "listen", 'expected "HOST:PORT"'),
    ("http", 'listen = "localhost:"', "listen", 'expected "HOST:PORT"'),
    ("http", 'listen = "localhost:0"', "listen", 'expected "HOST:PORT"'),
    ("http", 'listen = "localhost:65536"', "listen", 'expected "HOST:PORT"'),
    ("http", 'listen = "::1:80"', "listen", 'expected "HOST:PORT"'),
    ("http", 'public_url = "http://example.com"', "public_url", "expected a URL"),
    ("http", 'token_file = "token"', "token_file", "expected an absolute path"),
    ("http", 'callback_key_file = "callback.pem"', "callback_key_file", "expected an absolute path"),
    ("notify", 'urls_file = "urls"', "urls_file", "expected an absolute path"),
    (
        "folder",
        'auto_generate = "lips"',
        "auto_generate",
        "expected one of off, with_lips, no_lips. Did you mean no_lips?",
    ),
    ("folder", "auto_generate = true", "auto_generate", "found true, expected one of off, with_lips, no_lips."),
    ("folder", 'lips_model = "turbo"', "lips_model", "expected one of real_face, real_face_turbo"),
    ("folder", "speakers_count = 0", "speakers_count", "expected a number of at least 1"),
    ("folder", 'speakers_count = "2"', "speakers_count", "expected a whole number"),
    ("folder", 'sidecar = "require"', "sidecar", "Did you mean required?"),
    ("folder", 'sidecar_may = ["force"]', "sidecar_may[0]", "expected one of locale, languages"),
    ("folder", 'sidecar_may = "srt"', "sidecar_may", "expected a list"),
    ("folder", 'profile = "smb"', "profile", "expected one of auto, local, smb-server"),
    ("folder", 'recursive = "yes"', "recursive", "expected true or false"),
    ("folder", 'done = ""', "done", "expected a path"),
    ("folder", 'done = "."', "done", "expected a path below the watch folder"),
    ("folder", 'done = "../done"', "done", "without .."),
    ("folder", 'done = "x/../../y"', "done", "without .."),
    ("folder", 'done = "Processing"', "done", "expected another place than processing"),
    ("folder", 'failed = "processing/x"', "failed", "expected another place than processing"),
    ("folder", 'failed = "Done"', "failed", "found one place for both"),
    ("folder", 'done = "./failed"', "done", "found one place for both"),
    ("folder", 'quiet = "0s"', "quiet", "expected a duration"),
    ("folder", 'stall_timeout = "400d"', "stall_timeout", "at most 366 days"),
    ("folder", "stall_timeout = 10:00:00", "stall_timeout", "found 10:00:00, expected a duration"),
    ("folder", 'on_first_start = "ask"', "on_first_start", "expected one of hold, take"),
    ("folder", 'on_doubt = "again"', "on_doubt", "expected one of hold, retry"),
    ("limits", 'upload_rate = "0"', "upload_rate", "a limit of nothing would stop the service"),
    ("limits", 'upload_rate = "20 Mbps"', "upload_rate", 'Did you mean "20 Mbit/s"?'),
    ("limits", "download_rate = 20", "download_rate", 'found 20, expected a rate such as "20 MB/s"'),
    ("folder", 'upload_rate = ["1 MB/s", "x"]', "upload_rate[1]", 'found "x", expected a rate such as'),
    ("folder", 'download_rate = { limit = "1 MB/s" }', "download_rate", "found a table, expected a rate such as"),
    ("folder", "budget = 600", "budget", "expected a table"),
    ("folder", "budget = {}", "budget", "expected at least one of minutes_per_day"),
    ("folder", "budget = { minutes_per_day = 0 }", "budget.minutes_per_day", "expected a number of more than 0"),
    ("folder", "budget = { minutes_per_month = inf }", "budget.minutes_per_month", "expected a finite number"),
    ("folder", "budget = { drops_per_day = 1.5 }", "budget.drops_per_day", "expected a whole number"),
    ("folder", "budget = { minutes_per_dya = 1 }", "budget.minutes_per_dya", "Did you mean minutes_per_day?"),
    ("folder", 'langauges = ["es-ES"]', "langauges", "Did you mean languages?"),
    ("folder", "base_url = 1", "base_url", "Did you mean base_url under [api]?"),
]


@pytest.mark.parametrize(("table", "line", "key", "says"), WRONG, ids=[line[:60] for _, line, _, _ in WRONG])
def test_a_wrong_value_is_one_fault_at_its_line(host: Host, table: str, line: str, key: str, says: str) -> None:
    """What is wrong is told once, with the line, the key and what was expected."""
    text = host.folder("a") + (line if table == "folder" else f"[{table}]\n{line}") + "\n"
    place = "folder[0]" if table == "folder" else table

    (fault,) = host.faults(text)

    assert fault.startswith(f"watchd.toml:{text.splitlines().index(line) + 1}: {place}.{key}: found ")
    assert says in fault


WRONG_FOLDERS = [
    ("name", '""', "name", "expected a name"),
    ("name", '" x"', "name", "expected a name"),
    ("name", '"x/y"', "name", "expected a name"),
    ("name", '"x\\ny"', "name", "expected a name"),
    ("name", f'"{"x" * 65}"', "name", "expected a name"),
    ("name", "3", "name", "expected a string"),
    ("path", '"drop"', "path", "expected an absolute path"),
    ("path", "3", "path", "expected a path"),
    ("locale", '"en"', "locale", "Did you mean en-US?"),
    ("locale", '"en-us"', "locale", "Did you mean en-US?"),
    ("locale", '"xx"', "locale", "expected a locale that Panjaya dubs from"),
    ("locale", '"es-ES"', "languages[0]", 'found "es-ES" as both'),
    ("languages", '["es-ES", "es"]', "languages[1]", "Did you mean es-ES or es-MX?"),
    ("languages", '["he-IL"]', "languages[0]", "Hebrew can only be dubbed from"),
    ("languages", '["es-ES", "fr-FR", "es-ES"]', "languages[2]", "found es-ES more than once"),
    ("languages", '["fr-FR", "en-US"]', "languages[1]", 'found "en-US" as both'),
    ("languages", '"es-ES"', "languages", "expected a list"),
    ("languages", "[3]", "languages[0]", "found 3, expected a string"),
    ("languages", "[]\nsidecar_may = []", "languages", "expected at least one target locale"),
]


@pytest.mark.parametrize(("key", "value", "where", "says"), WRONG_FOLDERS)
def test_a_wrong_needed_key_is_one_fault(host: Host, key: str, value: str, where: str, says: str) -> None:
    """The four keys that every folder needs are judged exactly, locales against the table of the API."""
    (host.root / "a").mkdir()
    written = {"name": '"a"', "path": f'"{host.root / "a"}"', "locale": '"en-US"', "languages": '["es-ES"]', key: value}
    text = "[[folder]]\n" + "".join(f"{name} = {found}\n" for name, found in written.items())

    (fault,) = host.faults(text)

    assert f"folder[0].{where}: found " in fault
    assert says in fault


@pytest.mark.parametrize("key", ["name", "path", "locale", "languages"])
def test_a_missing_key_is_told_at_the_folder(host: Host, key: str) -> None:
    """What is not there has no line of its own; the folder's is told."""
    lines = host.folder("a").splitlines()
    text = "\n" + "\n".join(line for line in lines if not line.startswith(key))

    assert [f"watchd.toml:2: folder[0].{key}: found nothing, expected this key."] == host.faults(text)


def test_a_folder_gives_its_rules_to_the_core(host: Host) -> None:
    """What the core decides by comes from the folder and, for the pace, from the service's table; nothing is lost."""
    extra = """
        locale = "he-IL"
        languages = ["es-ES"]
        auto_generate = "no_lips"
        lips_model = "real_face_turbo"
        speakers_count = 3
        sidecar_may = ["srt"]
        quiet = 7
        on_doubt = "retry"
        sidecar = "required"
    """
    settings = host.load("api = { poll_first = 3, poll_max = 4, doubt_window = 5 }\n" + host.folder("a", extra))
    folder = settings.folders[0]

    assert folder.rule() == Rule(quiet=7.0, sidecar="required")
    assert folder.rules(settings.api) == Rules(
        poll_first=timedelta(seconds=3),
        poll_max=timedelta(seconds=4),
        doubt_window=timedelta(seconds=5),
        on_doubt=OnDoubt.RETRY,
    )
    assert folder.defaults() == Defaults(
        locale=Locale("he-IL"),
        languages=(Locale("es-ES"),),
        auto_generate=AutoGenerate.NO_LIPS,
        lips_model=LipsModel.REAL_FACE_TURBO,
        speakers_count=3,
        sidecar_may=("srt",),
    )


@pytest.mark.parametrize(("profile", "seconds"), [("auto", 10), ("local", 10), ("cifs", 30), ("nfs", 90)])
def test_the_quiet_period_is_the_profiles_when_absent(profile: str, seconds: int) -> None:
    """A share that lies about its files for longer is given longer."""
    folder = Folder.model_validate({"name": "x", "path": "/x", "locale": "en-US", "languages": [], "profile": profile})

    rule = folder.rule()
    traits = TRAITS[folder.fixed_profile or Profile.LOCAL]
    assert seconds == replace(rule, traits=traits).base


def test_callbacks_need_somebody_who_listens(host: Host) -> None:
    """A public URL behind which nothing listens is a fault, and no daemon that waits for callbacks in vain."""
    text = f'http.public_url = "https://dub.example.com"\nhttp.listen = ""\n{host.folder("a")}'

    (fault,) = host.faults(text)

    assert fault.startswith("watchd.toml:1: http.public_url: found ")
    assert "expected an address in listen as well" in fault
    assert host.load(text.replace("http.listen", "# ")).http.public_url == "https://dub.example.com"


def test_keys_without_effect_are_warned_of(host: Host) -> None:
    """Nobody may believe in a page that is not there yet."""
    extra = 'locale = "en-US"\nlanguages = []\nprofile = "nfs"'
    text = host.folder("a", extra) + '[http]\nlisten = "127.0.0.1:1"\n'
    (warning,) = host.load(text).warnings()

    assert warning.startswith("[http] listen:")


def test_without_such_keys_nothing_is_warned_of(host: Host) -> None:
    """Defaults, and values that make no difference, are no reason to warn."""
    extra = 'locale = "en-US"\nlanguages = []\nprofile = "local"'

    assert host.load(host.folder("a", extra) + '[http]\nlisten = ""\n').warnings() == ()
    assert host.load(host.folder("a", extra) + '[http]\npublic_url = "https://x.example"\n').warnings() == ()
