"""The loop: one registry that owns the state, and thin nodes on it."""
