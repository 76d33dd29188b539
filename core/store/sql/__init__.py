"""The store in a database, as far as all databases are alike."""
