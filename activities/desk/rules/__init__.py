"""Pages on which rules and campaigns are designed, tried, released and explained."""
