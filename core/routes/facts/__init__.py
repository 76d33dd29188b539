"""What pages are told of an item's files."""
