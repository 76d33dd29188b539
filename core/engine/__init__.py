"""The loops: who is given which item, and what becomes of it."""
