"""The command `batch-loop`: Auto Queue without a browser."""
