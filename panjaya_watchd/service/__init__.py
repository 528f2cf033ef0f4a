"""The host: what the service manager is told, what signals mean, where the log goes."""
