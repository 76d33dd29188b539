"""Reading ahead and writing behind, within one limit of memory."""
