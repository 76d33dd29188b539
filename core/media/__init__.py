"""Pixels, and what image files say of them."""
