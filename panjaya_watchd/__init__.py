"""panjaya-watchd: drop a video into a folder, get it back dubbed."""

__version__ = "0.1.0"
