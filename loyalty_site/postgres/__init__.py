"""The embedded PostgreSQL for demo, development and tests: found, started and stopped without Django."""

from loyalty_site.postgres.launcher import LauncherError, Server, ensure_running, provide_database_url

__all__ = ["LauncherError", "Server", "ensure_running", "provide_database_url"]
