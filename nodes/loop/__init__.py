"""The nodes that a loop is made of."""
