"""Reading a folder of images, and writing the results."""
