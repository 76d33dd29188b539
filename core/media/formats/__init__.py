"""Reading and writing image files of every format."""
