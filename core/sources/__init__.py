"""What loops take their items from: each kind lists them, and knows their files."""
