"""Pages by which a found card becomes somebody's."""
