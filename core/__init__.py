"""What the nodes stand on: folders that import in one direction, see docs/design.md."""
