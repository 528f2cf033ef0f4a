"""As whom a visit looks while no daemon runs: whom the unit names, or one who stands in for him."""

import os
from pathlib import Path

import pytest

from panjaya_watchd.doctor import visit
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.identity import DYNAMIC, own
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.settings import Folder, Settings, State

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
GONE = "no-user-of-ours"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings without watch folders, whose ledger would lie in a directory that is not made yet."""
    folders: tuple[Folder, ...] = ()
    return Settings(folders=folders, state=State(url=f"sqlite:///{tmp_path}/state/ledger.db"))


def unit(**properties: str) -> Unit:
    """Give a unit with some properties."""
    return Unit(properties={"LoadState": "loaded", **properties})


def test_the_user_of_the_unit(settings: Settings) -> None:
    """With the groups, the umask and the privilege that it gives him."""
    named = unit(User="daemon", SupplementaryGroups="users", UMask="0007", AmbientCapabilities="cap_lease")
    who, finding = visit._who(settings, named, None)
    bare, _ = visit._who(settings, unit(User="daemon", Group="users"), None)

    assert (who.uid, who.gid, who.umask, who.may_lease, who.pid) == (1, 1, 0o007, True, None)
    assert 100 in who.groups
    assert (finding.level, "Looked as the service's user is: daemon" in finding.found) == (Level.OK, True)
    assert (bare.gid, bare.umask, bare.may_lease) == (100, 0o022, False)


def test_one_who_stands_in_for_a_dynamic_user(settings: Settings) -> None:
    """By the number that the owner of the state directory has, which systemd gives again if it can."""
    dynamic = unit(User=GONE, Group=GONE, DynamicUser="yes", SupplementaryGroups="users")
    first, finding = visit._who(settings, dynamic, None)
    settings.state.ledger.parent.mkdir()
    os.chown(settings.state.ledger.parent, 61234, 61234)
    again, _ = visit._who(settings, dynamic, None)

    assert (first.uid, again.uid) == (DYNAMIC, 61234)
    assert again.groups == (100, 61234)
    assert (finding.level, f"stands in for {GONE}" in finding.found) == (Level.OK, True)


def test_root_where_nobody_else_is_known(settings: Settings) -> None:
    """It is a warning, unless the service works as root."""
    missing, warned = visit._who(settings, unit(User=GONE), None)
    root, fine = visit._who(settings, unit(User=""), None)

    assert missing == root == own()
    assert (warned.level, fine.level) == (Level.WARNING, Level.OK)
    assert "may do more than the service" in warned.found


def test_the_state_directory_of_a_dynamic_user_is_left_to_systemd(settings: Settings) -> None:
    """He cannot get through to it but in the service; for anybody else it is looked at."""
    place = settings.state.ledger.parent
    reached = {place: {"trouble": "No such file or directory", "read": False, "write": False, "enter": False}}

    def level(**properties: str) -> Level:
        host = visit._Host(settings=settings, environ={}, unit=unit(**properties), pid=None, who=own(), reached=reached)
        return next(iter(visit._state(host))).level

    assert level(DynamicUser="yes") is Level.OK
    assert level(DynamicUser="no") is Level.TROUBLE
