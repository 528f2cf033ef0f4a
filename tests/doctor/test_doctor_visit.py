"""As whom a visit looks while no daemon runs: whom the unit names."""

import os
from pathlib import Path

import pytest

from panjaya_watchd.doctor import visit
from panjaya_watchd.doctor.findings import Level
from panjaya_watchd.doctor.identity import own
from panjaya_watchd.doctor.unit import Unit
from panjaya_watchd.service import units
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


def host(given: Unit, place: Path) -> visit._Host:
    """Give what is known of a machine whose ledger lies in a directory where its user can do nothing."""
    settings = Settings(folders=(), state=State(url=f"sqlite:///{place}/ledger.db"))
    nothing = {"trouble": None, "read": False, "write": False, "enter": False}
    return visit._Host(settings=settings, environ={}, unit=given, pid=None, who=own(), reached={place: nothing})


@pytest.mark.parametrize(
    ("place", "directories", "level"),
    [
        ("/var/lib/no-service-of-ours", "other no-service-of-ours", Level.OK),
        ("/var/lib/no-service-of-ours", "other", Level.TROUBLE),
        ("/var/lib", ".", Level.TROUBLE),
    ],
    ids=["not-there", "made-by-nobody", "there"],
)
def test_a_state_directory_that_the_unit_makes_need_not_be_there_yet(
    place: str, directories: str, level: Level
) -> None:
    """Before the first start nothing is wrong with it; one that is there, or nobody makes, has to be right."""
    finding = next(iter(visit._state(host(unit(StateDirectory=directories), Path(place)))))

    assert (finding.check, finding.level) == ("state", level)


def test_the_unit_is_held_against_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, as packages have them."""
    monkeypatch.setattr(units, "_PACKAGES", (tmp_path / "none", tmp_path))
    shadow = unit(FragmentPath=f"/etc/systemd/system/{units.SERVICE}")

    def told() -> bool:
        return any("shadows" in finding.found for finding in visit._unit(host(shadow, tmp_path)))

    alone = told()
    (tmp_path / units.SERVICE).touch()

    assert (alone, told()) == (False, True)
