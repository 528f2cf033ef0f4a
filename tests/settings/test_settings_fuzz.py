"""Any file is settings or faults, never another error."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from settings_host import Host

from panjaya_watchd.settings import Api, Budget, Folder, Http, Limits, Notify, SettingsFaults, State


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Give a machine of its own, whose configuration each example overwrites."""
    return Host(root=tmp_path)


_KEYS = sorted({key for section in (Api, Budget, Folder, Http, Limits, Notify, State) for key in section.model_fields})
_WORDS = st.sampled_from(
    ["es-ES", "en-US", "he-IL", "/", "/tmp", "done", "10s", "off", "nfs", "srt", "https://x", "x:1"]
)
_LEAVES = (
    _WORDS
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.times()
    | st.datetimes()
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3)
)
_TABLES = st.dictionaries(st.sampled_from(_KEYS) | st.text(max_size=3), _VALUES, max_size=6)
_NAMES = st.sampled_from(["api", "state", "defaults", "limits", "http", "notify", "folder", "folders"])
_DOCUMENTS = st.dictionaries(_NAMES, _TABLES | st.lists(_TABLES, max_size=3) | _LEAVES, max_size=5)
_OVER = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def _faults(host: Host, text: str) -> SettingsFaults | None:
    try:
        host.load(text)
    except SettingsFaults as faults:
        return faults
    return None


@pytest.mark.slow
@_OVER
@given(document=_DOCUMENTS)
def test_any_document_is_settings_or_faults_that_can_be_shown(host: Host, document: dict[str, Any]) -> None:
    """Known keys with any values, in tables where they belong or not: each fault is one line of UTF-8."""
    found = _faults(host, tomli_w.dumps(document))

    assert found is None or str(found).encode().count(b"\n") == len(found.faults) > 0


@pytest.mark.slow
@_OVER
@given(content=st.binary(max_size=64) | st.text("[]=\"'#\n.ab1 {}", max_size=40).map(str.encode))
def test_any_bytes_are_settings_or_faults(host: Host, content: bytes) -> None:
    """What is no TOML is a fault, and hardly any bytes are a configuration."""
    with pytest.raises(SettingsFaults):
        host.load(content)
