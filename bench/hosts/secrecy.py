"""Looking for a secret in everything that a host has and has left: its disk, its journal, its processes."""

import subprocess
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from bench.hosts.host import Host


def betrayals(host: Host, secret: str, known: Collection[str]) -> list[str]:
    """
    Give every place where a secret can be read on a host that is up.

    Its disk is read byte by byte, as far as it was written since the host was new. The journal is read as text besides,
    because long fields are compressed there; of processes what anybody may read, and what root may.

    Args:
        host: is up.
        secret: long enough not to be there by chance.
        known: files that may have it, as paths on the host.

    """
    word = secret.removeprefix("panjaya-").encode()
    found = [f"/{path}" for path in _with(word, host.upper)]
    found += [f"journal: {name}" for name in _journal(host, word)]
    for process in host.processes():
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                if word in Path(f"/proc/{process}/{name}").read_bytes():
                    found.append(f"{name} of {Path(f'/proc/{process}/comm').read_text().strip()}")
    return sorted(set(found) - set(known))


def _with(word: bytes, directory: Path) -> list[str]:
    """Give the files below a directory that hold a word."""
    words: list[str | bytes] = [
        "grep",
        "--recursive",
        "--files-with-matches",
        "--text",
        "--fixed-strings",
        "--regexp",
        word,
        ".",
    ]
    said = subprocess.run(words, cwd=directory, capture_output=True, check=False)
    assert said.returncode in {0, 1}, said.stderr
    return [line.removeprefix("./") for line in said.stdout.decode().splitlines()]


def _journal(host: Host, word: bytes) -> list[str]:
    return [str(name) for entry in host.journal() for name, value in entry.items() if word.decode() in str(value)]
