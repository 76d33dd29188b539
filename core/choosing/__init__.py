"""Choosing a folder in the page or in a dialog of the operating system."""
