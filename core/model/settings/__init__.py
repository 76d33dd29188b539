"""The inputs of the iterators: each is declared once."""
