"""What systemd itself says of the units, installed: that it understands each line, and how much is left to attack."""

from bench.hosts.service import UNIT, Service

BOUND = 1.5
"""``systemd-analyze security`` gives 0 (sealed) to 10 (unsafe)."""


def test_systemd_understands_every_line(service: Service) -> None:
    """No word about the service, its socket and what an operator has added."""
    said = service.host.run(
        "systemd-analyze", "verify", "--recursive-errors=no", f"{UNIT}.service", f"{UNIT}.socket", check=False
    )

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_little_is_left_to_attack(service: Service) -> None:
    """By the unit's file alone, and as it runs."""
    file = service.show("FragmentPath")
    service.start()
    for words in (["--offline=true", file], [f"{UNIT}.service"]):
        said = service.host.run("systemd-analyze", "security", f"--threshold={BOUND * 10:.0f}", *words, check=False)
        assert said.returncode == 0, said.stdout
        assert "Overall exposure level" in said.stdout
