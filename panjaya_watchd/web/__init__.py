"""The daemon's own HTTP face: what the service tells us by callback."""
