"""The names of results, and which images have theirs already."""
