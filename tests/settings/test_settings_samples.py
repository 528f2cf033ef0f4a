"""The samples that come with the package."""

import re
import tomllib
from pathlib import Path

import pytest
from settings_host import Host

from panjaya_watchd.core.order import MAY_SET
from panjaya_watchd.settings import Api, Budget, Folder, Http, Limits, Notify, Settings, State

SAMPLES = Path(__file__).parents[2] / "config"
WITHOUT_DEFAULT = {
    "key_file",
    "lips_model",
    "speakers_count",
    "quiet",
    "socket",
    "budget",
    "upload_rate",
    "download_rate",
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine with the samples' watch folders to each test."""
    for name in ("interviews", "marketing"):
        (tmp_path / name).mkdir()
    return Host(root=tmp_path)


def _sample(host: Host, name: str, *, every_key: bool = False) -> str:
    """Give a sample with its watch folders moved to this machine, and with every key that is commented out."""
    text = (SAMPLES / name).read_text().replace("/srv/dub", str(host.root))
    return re.sub(r"(?m)^# ?(?=\w+ = | {15}\")", "", text) if every_key else text


def test_the_samples_are_a_configuration_without_faults(host: Host) -> None:
    """Copied as they are, with the paths made right, they start a daemon."""
    settings = host.load(_sample(host, "watchd.toml"), marketing=_sample(host, "folders.d/marketing.toml"))

    assert [folder.name for folder in settings.folders] == ["interviews", "marketing"]
    assert settings.warnings() == ()


def test_a_key_that_is_commented_out_shows_its_default(host: Host) -> None:
    """The sample says so; only the keys that have none, and say so, differ."""
    brief = host.load(_sample(host, "watchd.toml"))
    whole = host.load(_sample(host, "watchd.toml", every_key=True))

    for section, other in (
        (brief.folders[0], whole.folders[0]),
        *((getattr(brief, name), getattr(whole, name)) for name in Settings.model_fields if name != "folders"),
    ):
        assert section.model_copy(update=dict.fromkeys(WITHOUT_DEFAULT & set(type(section).model_fields))) == (
            other.model_copy(update=dict.fromkeys(WITHOUT_DEFAULT & set(type(section).model_fields)))
        )
        assert other.model_fields_set == set(type(other).model_fields)
    for budget in (whole.folders[0].budget, whole.limits.budget):
        assert budget is not None
        assert budget.model_fields_set == set(Budget.model_fields)


@pytest.mark.parametrize("section", [Api, State, Folder, Budget, Limits, Http, Notify])
def test_the_sample_names_every_key(section: type[Api | State | Folder | Budget | Limits | Http | Notify]) -> None:
    """A key that no sample shows is a key that nobody finds."""
    text = (SAMPLES / "watchd.toml").read_text()

    for key in section.model_fields:
        assert re.search(rf"\b{key} = ", text), key


def test_the_sample_sidecar_names_every_key_and_parses() -> None:
    """Everything a sidecar may say is there, also with every comment taken away."""
    text = (SAMPLES / "interview.toml").read_text()
    whole = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))

    assert tomllib.loads(text)["languages"] == ["es-ES", "fr-FR"]
    assert {*MAY_SET, "background_url", "callback_url", "force"} == set(whole)
