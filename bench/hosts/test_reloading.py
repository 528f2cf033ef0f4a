"""Reloading by systemd: new settings and a new key without a restart, and faulty ones refused with a word."""

import secrets

import pytest
from machine import BIG, UPLOAD, talk

from bench.hosts.host import Host, until
from bench.hosts.service import CONFIG, KEY_FILE, Service
from bench.hosts.test_installed import SEALED, seal


def test_a_good_configuration_is_taken_while_it_runs(service: Service) -> None:
    """A new folder and other limits are in force when systemctl returns; the process is the same."""
    service.start()
    process = service.pid
    service.folders["sales"] = {"upload_rate": "3 MB/s"}
    service.configure()
    assert service.control("reload").returncode == 0

    assert [folder["name"] for folder in service.status()["folders"]] == ["marketing", "sales"]
    assert {"folder": "sales", "upload": 3_000_000, "download": None} in service.status()["rates"]
    service.drop("talk.mp4", talk(1), folder="sales")
    service.answered("talk", talk(1), place=service.place("sales"))
    assert (service.pid, service.show("NRestarts")) == (process, "0")


def test_a_faulty_configuration_is_refused_with_its_line(service: Service) -> None:
    """The reload fails, the journal says where, and the old one stays in force."""
    service.start()
    process = service.pid
    good = (service.host.root / CONFIG.lstrip("/")).read_text(encoding="utf-8")
    bad = good.replace("poll_first", "poll_frist").replace('name = "marketing"', 'name = "renamed"')
    service.host.write(CONFIG, bad)
    line = 1 + [text.startswith("poll_frist") for text in bad.splitlines()].index(True)

    assert service.control("reload").returncode == 1
    assert any(f"watchd.toml:{line}: api.poll_frist" in entry["MESSAGE"] for entry in service.journal())
    service.drop("talk.mp4", talk(1))
    service.answered("talk", talk(1))
    assert (service.pid, service.show("ActiveState"), service.show("NRestarts")) == (process, "active", "0")

    assert [folder["name"] for folder in service.status()["folders"]] == ["marketing"]
    service.host.write(CONFIG, good)
    assert service.control("reload").returncode == 0


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "encrypted"])
def test_a_new_key_does_not_disturb_an_upload(host: Host, *, sealed: bool) -> None:
    """What is under way goes on to its end, is sent and billed once, and is followed with the new key."""
    video = talk(1, BIG)
    with Service(host, folders={"marketing": {"upload_rate": "4 MB/s"}}) as service:
        if sealed:
            seal(service)
        service.start()
        process = service.pid
        service.drop("talk.mp4", video)
        until(lambda: service.sent("talk"), "bytes to be on their way")

        service.forgotten.append(service.key)
        service.key = f"panjaya-{secrets.token_hex(20)}"
        service.server.keys.add(service.key)
        service.write_key(service.key)
        if sealed:
            service.host.run("systemd-creds", "encrypt", "--name=panjaya-api-key", KEY_FILE, SEALED)
            (service.host.root / KEY_FILE.lstrip("/")).unlink()
        assert service.control("reload").returncode == 0
        service.server.keys.remove(service.forgotten[0])
        assert service.stands("talk") == "uploading"

        service.answered("talk", video)
        assert (service.pid, service.show("NRestarts")) == (process, "0")
        uploads = [seen for seen in service.server.requests if f"{seen.method} {seen.path}" == UPLOAD]
        assert [seen.status for seen in uploads] == [200]
        assert {seen.status for seen in service.server.requests} == {200}
