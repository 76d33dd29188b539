"""SQLite and PostgreSQL: what is specific to each."""
