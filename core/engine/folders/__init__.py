"""What lies in the folders of loops: read outside any transaction."""
