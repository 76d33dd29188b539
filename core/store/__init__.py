"""Stores of loops and their items: in memory or in a database."""
