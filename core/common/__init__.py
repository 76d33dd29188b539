"""Helpers that know nothing about batches: names, errors, text, sort order, processes."""
