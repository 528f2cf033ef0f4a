"""Hints only: each says "look now", carries no facts, and may be missing, late or wrong without harm."""
