"""Where loops are kept: in memory or in a database."""
