"""Pages of the desk that need everything: home, reports, imports; and the map of all desk pages."""
