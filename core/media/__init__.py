"""Pixels and image files."""
