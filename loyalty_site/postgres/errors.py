class LauncherError(Exception):
    """The embedded PostgreSQL can't be had; the message names cause and cure."""
