"""The PNG format: pixels as filtered rows, compressed, in chunks."""
