"""The text of a table: its encoding, its lines, and what divides the fields in them."""
