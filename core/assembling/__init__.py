"""Making a film of the results of a batch."""
