"""Base classes of the desk, the pages on which staff do their daily work."""
