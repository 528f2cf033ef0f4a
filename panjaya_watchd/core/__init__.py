"""The desk: every decision and no hands. Nothing here reads a clock, a file, a socket or a random number."""
