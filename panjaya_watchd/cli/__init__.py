"""
The commands. They read, ask the running daemon, and print; none of them writes the ledger.

Exit codes: 0 fine, 1 failed, 2 usage, 4 still running, 75 try again later, 78 bad configuration (sysexits.h).
"""


def main() -> None:
    """Run the command line, and turn every expected error into a sentence and an exit code."""
    from panjaya_watchd.cli.app import run  # noqa: PLC0415  (importing the package must not load a terminal)

    run()
