"""``doctor``: what a watch folder lies on, and what that means for it."""

import os
import subprocess
from pathlib import Path

import pytest
from cli.site import Site


def test_it_tells_the_profile_and_what_follows(here: Site) -> None:
    """The choice is shown, and why it was made (R2)."""
    said, words = here.call("doctor", "--json"), here.call("doctor", "marketing")

    assert (said.code, words.code) == (0, 0)
    (folder,) = said.json["folders"]
    (ground,) = folder["grounds"]
    kind = subprocess.run(
        ["stat", "--file-system", "--format=%T", folder["path"]], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert ground["file_system"].startswith(kind.split("/")[0][:3])
    assert (ground["profile"], ground["chosen"], ground["quiet"]) == ("local", "by its file system", 1.0)
    assert "profile local (by its file system)" in words.out


def test_a_profile_that_was_set_is_told_as_such(here: Site) -> None:
    """Then nothing is left to the file system."""
    here.write(here.config.read_text() + 'profile = "nfs"\ncontent_check = "warn"\n')
    (folder,) = here.call("doctor", "--json").json["folders"]
    (ground,) = folder["grounds"]

    assert (ground["profile"], ground["chosen"]) == ("nfs", "by the configuration")
    assert (ground["lease"], ground["hints"], ground["content_check"]) == (False, False, "warn")
    assert "means nothing here" in here.call("doctor").out


def test_a_name_that_is_no_watch_folder_is_refused(here: Site) -> None:
    """With those that are."""
    said = here.call("doctor", "sales")

    assert said.code == 1
    assert "There are: marketing." in said.err


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_folder_that_cannot_be_used_is_told(here: Site) -> None:
    """The others are told all the same, and the exit status says that something is wrong."""
    root = Path(here.call("doctor", "--json").json["folders"][0]["path"])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(root)], check=True)
    try:
        said = here.call("doctor")
    finally:
        subprocess.run(["umount", str(root)], check=True)

    assert said.code == 1
    assert "mounted read-only" in said.out
