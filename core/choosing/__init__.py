"""Choosing a folder, in the page or in the operating system's dialog."""
