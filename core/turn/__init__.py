"""One prompt with its image: what is asked for, read and saved."""
