"""How loops are written down: tables, statements on them, and records and values as rows."""
