"""The database schema: tables, statements on them, and conversion of records and values to rows."""
