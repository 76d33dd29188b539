"""The nodes: each a schema and a call."""
