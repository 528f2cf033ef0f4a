"""As whom a visit looks while no daemon runs: whom the unit names."""

import os
from pathlib import Path

import pytest

from panjaya_watchd.doctor import visit
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.identity import own
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.settings import Settings, State

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
GONE = "no-user-of-ours"


def unit(**properties: str) -> Unit:
    """Give a unit with some properties."""
    return Unit(properties={"LoadState": "loaded", **properties})


def test_the_user_of_the_unit() -> None:
    """With the groups, the umask and the privilege that it gives him."""
    named = unit(User="daemon", SupplementaryGroups="users", UMask="0007", AmbientCapabilities="cap_lease")
    who, finding = visit._who(named, None)
    bare, _ = visit._who(unit(User="daemon", Group="users"), None)

    assert (who.uid, who.gid, who.umask, who.may_lease, who.pid) == (1, 1, 0o007, True, None)
    assert 100 in who.groups
    assert (finding.level, "Looked as the service's user is: daemon" in finding.found) == (Level.OK, True)
    assert (bare.gid, bare.umask, bare.may_lease) == (100, 0o022, False)


def test_root_where_nobody_else_is_known() -> None:
    """It is a warning, unless the service works as root."""
    missing, warned = visit._who(unit(User=GONE), None)
    root, fine = visit._who(unit(User=""), None)

    assert missing == root == own()
    assert (warned.level, fine.level) == (Level.WARNING, Level.OK)
    assert "may do more than the service" in warned.found


def test_a_state_directory_that_the_unit_makes_need_not_be_there_yet() -> None:
    """Before the first start nothing is wrong with it; one that the unit does not make has to be there."""
    place = Path("/var/lib/no-service-of-ours")
    state = State(url=f"sqlite:///{place}/ledger.db")
    reached = {place: {"trouble": "No such file or directory", "read": False, "write": False, "enter": False}}

    def level(directories: str) -> Level:
        made = unit(StateDirectory=directories)
        host = visit._Host(
            settings=Settings(folders=(), state=state), environ={}, unit=made, pid=None, who=own(), reached=reached
        )
        return next(iter(visit._state(host))).level

    assert level(f"other {place.name}") is Level.OK
    assert level("other") is Level.TROUBLE
