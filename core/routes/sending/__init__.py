"""Sending files, whole or in parts."""
