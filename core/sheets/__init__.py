"""Contact sheets: the results of a batch side by side, as images with labels."""
