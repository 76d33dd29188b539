"""One change at a time: what the store keeps of it, and what the process remembers."""
