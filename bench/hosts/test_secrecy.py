"""
The key: it is nowhere but where the operator has put it.

Each proof of `bench.hosts` ends by looking for its own key in all that it left; here are the ways that need a proof of
their own, and the proof that the looking finds.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import talk

from bench.hosts import secrecy
from bench.hosts.host import Host, until
from bench.hosts.service import KEY_FILE, STATE, Service

PATTERN = Path("/proc/sys/kernel/core_pattern")


@contextmanager
def cores_in_files() -> Iterator[None]:
    """Let the kernel write cores as files where a process stands, on the whole machine."""
    before = PATTERN.read_text()
    PATTERN.write_text("core")
    try:
        yield
    finally:
        PATTERN.write_text(before)


def test_the_search_finds_what_is_there(service: Service) -> None:
    """On the disk, in the journal, in a long field of it, in the arguments and the surroundings of a process."""
    host, key = service.host, service.key
    assert secrecy.betrayals(host, key, {KEY_FILE}) == []
    host.write("/srv/marketing/STATUS.txt", f"the key is {key}")
    host.run("systemd-cat", "--identifier=chatty", say="x" * 9000 + f" {key}\n")
    host.run("systemd-run", "--setenv", f"WORD={key}", "sleep", "100")
    host.run("systemd-run", "sh", "-c", f"sleep 100; : {key}")

    found = secrecy.betrayals(host, key, {KEY_FILE})
    assert {"/srv/marketing/STATUS.txt", "journal: MESSAGE", "environ of sleep", "cmdline of sh"} <= set(found)

    service.key = "panjaya-another-one"  # or the end of this proof would find all that


@pytest.mark.parametrize("cores", ["", "infinity"], ids=["as installed", "cores allowed"])
def test_no_core_is_left(host: Host, cores: str) -> None:
    """A process that is aborted leaves none; where the operator allows cores, there is one, and it would tell."""
    unit = {"WorkingDirectory": "/var/lib/panjaya-watchd", **({"LimitCORE": cores} if cores else {})}
    with cores_in_files(), Service(host, unit=unit) as service:
        service.start()
        service.drop("talk.mp4", talk(1))
        service.answered("talk", talk(1))
        dead = service.pid
        service.kill("ABRT")
        until(lambda: service.pid not in {0, dead}, "systemd to start it again")
        left = list((host.root / STATE).glob("core*"))
        if cores:
            assert left
            assert any(service.key.encode() in path.read_bytes() for path in left)
            for path in left:
                path.unlink()
        else:
            assert left == []


def test_what_it_says_has_no_key_in_it(service: Service) -> None:
    """Asked in every way, well, with a wrong key and with a wrong configuration, it never says the key."""
    service.start()
    service.drop("talk.mp4", talk(1))
    service.answered("talk", talk(1))
    asked = "status --json|doctor|doctor --json|check --json|why talk|why talk --json|ledger verify --json"
    said = [service.say(*words.split(), check=False) for words in asked.split("|")]
    said.append(service.say("ledger", "backup", "/var/backups/ledger.db"))
    service.write_key(f"{service.key} with a space")
    said += [service.control("restart"), service.say("check", check=False), service.say("doctor", check=False)]
    service.write_key(service.key)
    service.tables["api"]["poll_frist"] = "1s"
    service.write_config()
    said += [service.control("restart"), service.say("check", check=False), service.say("doctor", check=False)]

    words = "".join(one.stdout + one.stderr for one in said)
    assert "talk.mp4" in words
    assert "poll_frist" in words
    secret = service.key.removeprefix("panjaya-")
    assert secret not in words
    assert base64.b64encode(secret.encode()).decode() not in words
