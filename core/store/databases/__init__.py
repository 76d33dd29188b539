"""What each database does in a way of its own."""
