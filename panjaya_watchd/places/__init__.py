"""Verbs on folders: see, read, take in, file. Files are renamed or copied and verified; nothing is overwritten."""
