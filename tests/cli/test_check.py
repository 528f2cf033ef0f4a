"""``check`` and ``init``: from nothing to a configuration without faults."""

import json
from pathlib import Path

import pytest
from cli.site import Site, call

KEY = {"PANJAYA_API_KEY": "panjaya-test"}

FAULTY = """\
[api]
base_url = "http://example.com"
poll_frist = "1s"

[[folder]]
name = "marketing"
path = "/nowhere"
locale = "xx-XX"
languages = ["es-ES"]
"""


def test_a_sound_configuration_is_fine(here: Site) -> None:
    """Status 0; and it is said that nothing limits what may be spent, until something does."""
    said = here.call("check", environ=KEY)
    here.write(here.config.read_text() + "budget = { minutes_per_day = 600 }\n")
    limited = here.call("check", environ=KEY)
    here.write(here.config.read_text().replace("budget", "[limits]\nbudget"))
    together = here.call("check", environ=KEY)

    fine = f"{here.config} is fine: 1 watch folders.\n"
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith('Note: folder "marketing": nothing limits what may be spent; set budget')
    assert said.out.endswith(fine)
    assert limited.out == together.out == fine


def test_a_sound_configuration_is_fine_for_programs_as_well(here: Site) -> None:
    """The same keys as with faults, both empty."""
    said = here.call("check", "--json", environ=KEY)

    assert (said.code, said.json) == (0, {"faults": [], "warnings": []})


def test_every_fault_is_told_at_once(here: Site) -> None:
    """With its file, its line and the key that was meant; status 78, which keeps systemd from trying again."""
    here.write(FAULTY)
    said = here.call("check", environ=KEY)

    assert (said.code, said.out) == (78, "")
    for place in ("watchd.toml:2: api.base_url", "watchd.toml:3: api.poll_frist", "watchd.toml:8: folder[0].locale"):
        assert place in said.err
    assert "Did you mean poll_first?" in said.err
    assert "Traceback" not in said.err


def test_every_fault_is_told_to_programs_as_well(here: Site) -> None:
    """One object for each, on standard output."""
    here.write(FAULTY)
    said = here.call("check", "--json", environ=KEY)
    faults = said.json["faults"]

    assert said.code == 78
    assert said.json["warnings"] == []
    assert {"file", "line", "key", "found", "expected", "nearest"} == set(faults[0])
    assert [fault["nearest"] for fault in faults if fault["key"] == "api.poll_frist"] == ["poll_first"]
    assert [fault["line"] for fault in faults] == [2, 3, 8]


def test_a_missing_configuration_is_a_fault_with_its_name(here: Site) -> None:
    """The path that was looked at is told."""
    here.config.unlink()
    said = here.call("check", environ=KEY)

    assert said.code == 78
    assert "watchd.toml" in said.err


def test_a_missing_watch_folder_is_a_fault(here: Site) -> None:
    """It may be a share that is not mounted; it is never made."""
    here.folder.rmdir()
    said = here.call("check", environ=KEY)

    assert said.code == 78
    assert "folder[0].path" in said.err
    assert not here.folder.exists()


def test_a_missing_key_is_a_fault(here: Site) -> None:
    """A configuration without a key cannot start, so it is not fine; where to put it is told."""
    said = here.call("check", environ={})

    assert said.code == 78
    assert "PANJAYA_API_KEY" in said.err
    assert here.call("check", "--json", environ={}).json["faults"][0]["key"] == "PANJAYA_API_KEY"


def test_a_key_is_never_printed(here: Site) -> None:
    """Also not where it is wrong."""
    said = here.call("check", environ={"PANJAYA_API_KEY": "very secret"})

    assert said.code == 78
    assert "very secret" not in said.err


def test_what_this_release_does_not_act_upon_is_warned_of(here: Site) -> None:
    """A key that is not acted upon must not look as if it were."""
    here.write(here.config.read_text() + f'[notify]\nurls_file = "{here.config}"\n')
    said = here.call("check", environ=KEY)

    assert said.code == 0
    assert "Warning: " in said.out
    assert here.call("check", "--json", environ=KEY).json["warnings"] != []


@pytest.mark.parametrize("name", ["videos", 'Über "uns"', "a#b", "back\\slash\\1", "it's = [x]"])
def test_a_first_configuration_passes_the_check(tmp_path: Path, name: str) -> None:
    """Whatever the folder is called: it is watched by its path, and the file keeps its explanations."""
    folder, config = tmp_path / name, tmp_path / "etc" / "watchd.toml"
    folder.mkdir()
    words = ["init", str(folder), "--locale", "en-US", "--language", "es-ES", "--language", "fr-FR"]
    said = call(*words, "--config", str(config))

    assert (said.code, said.err) == (0, "")
    assert f"{config} is written." in said.out
    checked = call("check", "--config", str(config), environ=KEY)
    assert (checked.code, checked.err) == (0, "")
    assert "# Every key that a [[folder]] may have" in config.read_text()
    assert json.dumps(str(folder), ensure_ascii=False) in config.read_text()


def test_the_folder_may_be_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``init .`` gives the folder its own name and its whole path."""
    folder = tmp_path / "videos"
    folder.mkdir()
    monkeypatch.chdir(folder)
    config = tmp_path / "watchd.toml"
    said = call("init", ".", "--locale", "en-US", "--language", "es-ES", "--config", str(config))

    assert (said.code, said.err) == (0, "")
    assert 'name = "videos"' in config.read_text()
    assert f'path = "{folder}"' in config.read_text()


def test_an_existing_configuration_is_never_touched(here: Site) -> None:
    """Somebody may have worked on it for a day."""
    before = here.config.read_bytes()
    said = here.call("init", str(here.folder), "--locale", "en-US", "--language", "es-ES")

    assert said.code == 1
    assert "is there already" in said.err
    assert here.config.read_bytes() == before


def test_a_first_configuration_with_faults_says_so(tmp_path: Path) -> None:
    """The faults are those of the written file, with their lines, to be corrected there."""
    config = tmp_path / "watchd.toml"
    said = call("init", str(tmp_path / "nowhere"), "--locale", "xx", "--language", "yy", "--config", str(config))

    assert said.code == 78
    assert "folder[0].locale" in said.err
    assert "folder[0].languages[0]" in said.err


def test_a_folder_that_has_no_name_in_utf8_leaves_nothing_behind(tmp_path: Path) -> None:
    """TOML cannot write such a path: a sentence, and no half-written configuration in the way of the next try."""
    config = tmp_path / "watchd.toml"
    folder = tmp_path / "a\udcff"
    folder.mkdir()
    said = call("init", str(folder), "--locale", "en-US", "--language", "es-ES", "--config", str(config))

    assert said.code == 1
    assert "UTF-8" in said.err
    assert not config.exists()


def test_a_configuration_that_cannot_be_written_is_told_so(tmp_path: Path) -> None:
    """With the reason of the system."""
    (tmp_path / "file").write_text("")
    config = tmp_path / "file" / "watchd.toml"
    said = call("init", str(tmp_path), "--locale", "en-US", "--language", "es-ES", "--config", str(config))

    assert said.code == 1
    assert "cannot be written" in said.err
