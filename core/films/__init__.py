"""Reading films, frame by frame, and sounds."""
