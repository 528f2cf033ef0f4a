"""The whole configuration: several files, all faults at once, and what is no TOML."""

from pathlib import Path

import pytest
from settings_host import Host

from panjaya_watchd.errors import SettingsError
from panjaya_watchd.settings import SettingsFaults, load


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine of its own to each test."""
    return Host(root=tmp_path)


def test_folders_of_all_files_are_read(host: Host) -> None:
    """``folders.d`` is read in the order of its names; what an editor leaves there is not."""
    host.load(host.folder("a"))
    others = host.config.parent / "folders.d"
    others.mkdir()
    for name in (".c.toml", "c.toml~", "c.conf"):
        (others / name).write_text("nonsense")
    (others / ".#d.toml").symlink_to("nowhere")
    settings = host.load(host.folder("a"), y=host.folder("d"), x=host.folder("b") + host.folder("c"))

    assert [folder.name for folder in settings.folders] == ["a", "b", "c", "d"]


def test_defaults_lie_beneath_every_folder(host: Host) -> None:
    """A folder's own key wins; what it leaves out is as in ``[defaults]``, also in other files."""
    defaults = '[defaults]\nlocale = "fr-FR"\nlanguages = ["de-DE"]\nquiet = 5\n'
    settings = host.load(defaults + host.folder("a", "quiet = 6"), x=host.folder("b", 'locale = "en-US"'))
    a, b = settings.folders

    assert (a.locale, a.languages, a.rule().quiet) == ("fr-FR", ("de-DE",), 6)
    assert (b.locale, b.languages, b.rule().quiet) == ("en-US", ("de-DE",), 5)


def test_a_fault_in_a_default_is_told_once_at_its_line(host: Host) -> None:
    """Ten folders that inherit a mistake are one mistake, and so is one that nobody inherits."""
    defaults = '[defaults]\nauto_generate = "lips"\nsidecar = "no"\n'
    own = 'locale = "en-US"\nlanguages = ["es-ES"]\nsidecar = "optional"'
    faults = host.faults(defaults + host.folder("a", own) + host.folder("b", own), x=host.folder("c", own))

    assert [fault.split(" found ")[0] for fault in faults] == [
        "watchd.toml:2: defaults.auto_generate:",
        "watchd.toml:3: defaults.sidecar:",
    ]


def test_a_contradiction_with_a_default_is_told_at_the_folder(host: Host) -> None:
    """A default that is right for others is not to blame for the folder that contradicts it."""
    faults = host.faults('[defaults]\nlanguages = ["es-ES"]\n' + host.folder("a", 'locale = "es-ES"'))

    assert [fault.split(": found")[0] for fault in faults] == ["watchd.toml:6: folder[0].locale"]


def test_name_and_path_have_no_default(host: Host) -> None:
    """Two folders cannot share them."""
    faults = host.faults('[defaults]\nname = "x"\npath = "/x"\nnmae = 1\n' + host.folder("a"))

    assert faults == [
        "watchd.toml:2: defaults.name: found a name for all, expected a name in each [[folder]].",
        "watchd.toml:3: defaults.path: found a path for all, expected a path in each [[folder]].",
        faults[2],
    ]
    assert "defaults.nmae: found an unknown key" in faults[2]


def test_all_faults_of_all_files_are_told_at_once(host: Host) -> None:
    """Nobody has to start the daemon ten times to find ten mistakes, those on the disk among them."""
    text = (
        "[api]\npoll_first = 0\n[limits]\nuploads = 0\n[tabel]\n"
        + host.folder("a", 'locale = "en"\nlanguages = ["xx", "he-IL"]')
        + host.folder("b")
    )
    (host.root / "b").rmdir()
    faults = host.faults(text, x="not toml", y="[limits]\n" + host.folder("B", "quiet = 0"))

    assert [fault.split(" found ")[0] for fault in faults] == [
        "watchd.toml:2: api.poll_first:",
        "watchd.toml:4: limits.uploads:",
        "watchd.toml:5: tabel:",
        "watchd.toml:9: folder[0].locale:",
        "watchd.toml:10: folder[0].languages[0]:",
        "watchd.toml:10: folder[0].languages[1]:",
        "watchd.toml:13: folder[1].path:",
        "folders.d/x.toml:1:",
        "folders.d/y.toml:1: limits:",
        "folders.d/y.toml:2: folder[0].locale:",
        "folders.d/y.toml:2: folder[0].languages:",
        "folders.d/y.toml:3: folder[0].name:",
        "folders.d/y.toml:5: folder[0].quiet:",
    ]


def test_the_text_has_one_fault_a_line_and_then_the_hint(host: Host) -> None:
    """What the operator reads begins with the faults and ends with what to do next."""
    text = host.folder("a", 'locale = "en-US"\nlanguages = []\nauto_generate = "lips"\nx = 1')
    with pytest.raises(SettingsError) as caught:
        host.load(text)
    first, second, hint = str(caught.value).splitlines()

    assert first == (
        'watchd.toml:6: folder[0].auto_generate: found "lips", expected one of off, with_lips, no_lips. '
        "Did you mean no_lips?"
    )
    assert second.startswith("watchd.toml:7: folder[0].x: found an unknown key")
    assert hint == f"Correct this, then ask again: panjaya-watchd check --config {host.config}"


def test_names_are_unique_however_they_are_written(host: Host) -> None:
    """``Café`` in two forms of Unicode and two cases is one name; the earlier place is told."""
    text = host.folder("Caf\u00e9")
    (fault,) = host.faults(text, x=host.folder("cafe\u0301").replace('"cafe', '"CAFE'))

    assert "a name of its own; watchd.toml:2 has it already" in fault


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "watchd.toml: folder: found nothing to watch, expected at least one [[folder]]"),
        ("folder = []", "watchd.toml:1: folder: found nothing to watch"),
        (
            '[folder]\nname = "x"',
            "watchd.toml:1: folder: found a table, expected a list of tables. Did you mean [[folder]]?",
        ),
        ("folder = [3]", "watchd.toml:1: folder[0]: found 3, expected a table"),
        ("api = 3", "watchd.toml:1: api: found 3, expected a table: [api]"),
        ("[[api]]", "watchd.toml:1: api: found a list, expected a table: [api]"),
        ("defaults = 3", "watchd.toml:1: defaults: found 3, expected a table: [defaults]"),
        ("[folders]", "watchd.toml:1: folders: found an unknown key"),
        ("a = 1\nb = = 2", "watchd.toml:2: found Invalid value (column 5), expected TOML."),
        ('a = 1\nb = """\n\n', "watchd.toml:2: found Unterminated string (at end of document)"),
        ("a = 1\na = 2\n", "watchd.toml:2: found Cannot overwrite a value"),
        (b"a = 1\n# \xff\n", "watchd.toml:2: found bytes that are no UTF-8"),
        ("a = 1".encode("utf-16"), "watchd.toml:1: found bytes that are no UTF-8"),
        ("a = " + "[" * 5000 + "]" * 5000, "watchd.toml: found a value nested too deeply"),
        ("a = " + "9" * 5000, "watchd.toml: found a value nested too deeply, or with too many digits"),
        ("#" * (1 << 20) + "#", "watchd.toml: found a longer file, expected at most 1048576 bytes"),
    ],
    ids=lambda found: repr(found[:24]) if isinstance(found, str | bytes) else None,
)
def test_what_is_no_configuration_is_a_fault(host: Host, text: str | bytes, says: str) -> None:
    """Any bytes are settings or faults, never another error."""
    (fault, *_) = host.faults(text)

    assert fault.startswith(says)


def test_a_file_that_cannot_be_read_is_a_fault(host: Host) -> None:
    """A missing file, a directory in its place and a file in place of ``folders.d`` are told like everything else."""
    with pytest.raises(SettingsFaults, match=r"watchd\.toml: found a file that says: No such file"):
        load(host.config, environ={})
    host.load(host.folder("a"))
    (host.config.parent / "folders.d").write_text("")

    assert host.faults(host.folder("a"))[0].startswith("folders.d: found a directory that says: Not a directory")
    host.config.unlink()
    host.config.mkdir()
    with pytest.raises(SettingsFaults, match=r"watchd\.toml: found a file that says: Is a directory"):
        load(host.config, environ={})


@pytest.mark.parametrize("form", ["\ufeff{}", "{}\r\n"])
def test_what_editors_on_windows_do_is_tolerated(host: Host, form: str) -> None:
    """A byte order mark and line ends with CR are no mistakes, and do not move the lines of those that are."""
    text = host.folder("a", 'locale = "en-US"\nlanguages = [\n"es-ES",\n"xx"]')
    right = host.folder("a")
    if "\r" in form:
        text, right = text.replace("\n", "\r\n"), right.replace("\n", "\r\n")

    assert host.load(form.format(right).encode()).folders[0].name == "a"
    (fault,) = host.faults(form.format(text).encode())
    assert fault.startswith("watchd.toml:7: folder[0].languages[1]:")


@pytest.mark.parametrize(
    "text",
    [
        'api.key_file = "panjaya-SECRETSECRET"',
        'api.key_file = "SECRETSECRET"',
        'api.key = "SECRETSECRET"',
        'api_key = "SECRETSECRET"',
        'api.base_url = "https://me:SECRETSECRET@x"',
        'api.base_url = "https://SECRETSECRET@x"',
        'api.base_url = "panjaya-SECRETSECRET"',
        'api.poll_max = "panjaya-SECRETSECRET"',
        'state.url = "postgresql://me:SECRETSECRET@h/d"',
        'state.url = "mysql://me:SECRETSECRET@h/d"',
        'http.public_url = "http://me:SECRETSECRET@h/d"',
        'http.token_file = "SECRETSECRET"',
        'api = "panjaya-SECRETSECRET"',
        'notify.urls_file = "mailto://me:SECRETSECRET@example.com"',
    ],
)
def test_no_message_shows_a_secret(host: Host, text: str) -> None:
    """Messages go to logs and to tickets; a key that was put in the wrong place must not."""
    with pytest.raises(SettingsFaults) as caught:
        host.load(text + "\n" + host.folder("a"))

    assert len(caught.value.faults) == 1
    assert "SECRETSECRET" not in str(caught.value) + repr(caught.value)


def test_settings_are_equal_when_only_lines_moved(host: Host) -> None:
    """A comment more is no other configuration; another value is."""
    text = host.folder("a")
    before = host.load(text)

    assert before == host.load("# one more line\n" + text)
    assert before != host.load(text + "quiet = 3\n")
