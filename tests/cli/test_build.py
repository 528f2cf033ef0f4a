"""The wiring, where nothing else would tell that a part is not joined to another."""

from cli.site import Site
from structlog.testing import CapturingLogger

from panjaya_watchd.build import build
from panjaya_watchd.core.names import AssetId
from panjaya_watchd.rehearsal.server import KEY


def test_the_lanes_are_patient_with_the_turns_of_the_client(here: Site) -> None:
    """What a lane asks patiently is counted, so both have the same turns."""
    daemon = build(here.settings, KEY, CapturingLogger(), {})
    with daemon.lanes.patiently() as patient:
        daemon.lanes.hands.api.get_asset(AssetId("a1"))
    daemon.lanes.stop()
    for close in daemon.closers:
        close()
    daemon.ledger.close()

    assert patient.requests == 1
