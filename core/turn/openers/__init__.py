"""How items are opened, by their kind."""
