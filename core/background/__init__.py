"""Reading ahead and writing behind, within one memory limit."""
