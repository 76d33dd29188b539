"""What tables are written in: each format gives its rows."""
