"""Folders and files: what may be touched, what is listed, and how files are written."""
