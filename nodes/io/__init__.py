"""The nodes that read a folder of images, and write the results."""
