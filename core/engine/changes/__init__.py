"""One change at a time, in the store and in what the process remembers."""
