"""What this host is known to give to others, by the files in which that usually stands."""

import os
from pathlib import Path

import pytest

from panjaya_watchd.places.exports import Exports


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """Give the root of a host that exports nothing."""
    for folder in ("etc/samba", "etc/exports.d", "var/lib/samba/usershares", "var/lib/nfs"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


SMB = """
[global]
   path = /global/is/no/share
[homes]
   path = /home/%S
[Dub In]
   comment = drops \\
     and more
   P A T H = "/srv/dub in/"
; path = /srv/commented
# path = /srv/commented
[users]
   directory = /srv/users/%U/in
[relative]
   path = srv/relative
"""


def test_a_samba_share(host: Path) -> None:
    """At the folder, above it and below it; what Samba puts a name into counts up to there."""
    (host / "etc/samba/smb.conf").write_text(SMB)
    exports = Exports(host)

    for path in ("/srv/dub in", "/srv/dub in/below", "/srv"):
        assert exports.share_of(path) == "Samba share Dub In"
    assert exports.share_of("/srv/users/anna") == "Samba share users"
    for path in ("/srv/dub", "/srv/dub in2", "/home/anna", "/global/is/no/share", "/srv/commented", "/srv/relative"):
        assert exports.share_of(path) is None, path


def test_a_folder_may_have_two_names(host: Path) -> None:
    """The one in the settings and the one without links."""
    (host / "etc/samba/smb.conf").write_text(SMB)

    assert Exports(host).share_of("/mnt/real", "/srv/dub in") == "Samba share Dub In"


def test_included_files_count(host: Path) -> None:
    """Plain ones; those with a client's name in them are not known before it comes, and a circle has an end."""
    main, more = host / "etc/samba/smb.conf", host / "etc/samba/more.conf"
    main.write_text(f"[global]\n include = {more}\n include = /etc/samba/%m.conf\n include = registry\n")
    more.write_text(f"[more]\npath=/srv/more\ninclude = {main}\n")

    assert Exports(host).share_of("/srv/more/x") == "Samba share more"


def test_a_users_own_share(host: Path) -> None:
    """Made by ``net usershare``, one file each."""
    (host / "var/lib/samba/usershares/mine").write_text("#VERSION 2\npath=/data/anna/dub\ncomment=\nguest_ok=n\n")

    assert Exports(host).share_of("/data/anna/dub") == "Samba share mine"


@pytest.mark.parametrize("file", ["var/lib/nfs/etab", "etc/exports", "etc/exports.d/dub.exports"])
def test_an_nfs_export(host: Path, file: str) -> None:
    """Blanks are written in two ways."""
    (host / file).write_text(
        '# /srv/none *(rw)\n/srv/dub\\040in\t*(rw,sync) \\\n  other(ro)\n"/srv/q q" *(ro)\n-ro\n\n'
    )
    exports = Exports(host)

    assert exports.share_of("/srv/dub in") == "NFS export /srv/dub in"
    assert exports.share_of("/srv/q q/x") == "NFS export /srv/q q"
    assert exports.share_of("/srv/none") is None


def test_a_change_is_noticed_and_nothing_else_is_read_again(host: Path) -> None:
    """Also a file that comes later, and one that goes."""
    exports, conf = Exports(host), host / "etc/samba/smb.conf"
    assert exports.share_of("/srv/dub in") is None
    conf.write_text(SMB)
    assert exports.share_of("/srv/dub in") == "Samba share Dub In"
    status = conf.stat()
    conf.write_text("x" * len(SMB))
    os.utime(conf, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert exports.share_of("/srv/dub in") == "Samba share Dub In", "its time and size are the same"
    (host / "var/lib/samba/usershares/mine").write_text("path=/srv/mine\n")
    assert exports.share_of("/srv/mine") == "Samba share mine"
    conf.unlink()
    assert exports.share_of("/srv/dub in") is None


def test_nothing_that_stands_there_is_an_error(tmp_path: Path, host: Path) -> None:
    """No files, a folder or a FIFO in place of one, bytes that are no text."""
    assert Exports(tmp_path / "nowhere").share_of("/srv") is None
    (host / "etc/samba/smb.conf").mkdir()
    os.mkfifo(host / "etc/exports")
    (host / "var/lib/nfs/etab").write_bytes(b"/srv/caf\xe9 *(rw)\n\xff\xfe\x00")

    assert Exports(host).share_of("/srv/caf\udce9") is not None
