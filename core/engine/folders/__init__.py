"""What lies in the folders of loops: read in no transaction."""
