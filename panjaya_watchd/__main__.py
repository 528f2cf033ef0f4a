"""``python -m panjaya_watchd``."""

from panjaya_watchd.cli import main

main()
