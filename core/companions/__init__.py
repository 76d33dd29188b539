"""The companions of images: masks, depth maps and captions that lie beside them."""
