"""The reading desk: bytes of a sidecar in, values or a `SidecarError` out. Nothing here opens a file."""
