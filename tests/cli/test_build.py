"""The wiring, where nothing else would tell that a part is not joined to another."""

from time import monotonic

from cli.site import Site
from structlog.testing import CapturingLogger

from panjaya_watchd.build import build
from panjaya_watchd.core.names import AssetId
from panjaya_watchd.rehearsal.server import KEY


def test_the_lanes_are_patient_with_the_turns_of_the_client(here: Site) -> None:
    """What a lane asks patiently is counted, so both have the same turns."""
    daemon = build(here.settings, KEY, CapturingLogger(), {}, config=here.config)
    with daemon.lanes.patiently() as patient:
        daemon.lanes.hands.api.get_asset(AssetId("a1"))
    daemon.lanes.stop()
    for close in daemon.closers:
        close()
    daemon.ledger.close()

    assert patient.requests == 1


def test_the_hands_are_urgent_with_the_turns_of_the_client(here: Site) -> None:
    """What is asked while a gate is held shut waits for no turn, however few there are."""
    one = here.settings.limits.model_copy(update={"requests_per_second": 0.01})
    daemon = build(here.settings.model_copy(update={"limits": one}), KEY, CapturingLogger(), {}, config=here.config)
    began = monotonic()
    with daemon.lanes.hands.urgently():
        for _ in range(3):
            daemon.lanes.hands.api.get_asset(AssetId("a1"))
    took = monotonic() - began
    daemon.lanes.stop()
    for close in daemon.closers:
        close()
    daemon.ledger.close()

    assert took < 50, "each turn would be 100 s"
