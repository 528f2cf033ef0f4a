"""What a video is, measured without trusting it: a child process opens it, and the daemon never does."""
