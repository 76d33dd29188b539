"""The store in a database: what SQLite and PostgreSQL have in common."""
