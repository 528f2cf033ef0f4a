"""The kinds of video that are known by their bytes, one file each: a walk from the beginning to what proves the end."""
