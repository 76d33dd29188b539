"""Pictures of image files for a page: small ones, and whole ones that a browser shows."""
