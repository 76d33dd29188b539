"""Row Value, Companion Image, Companion Text, Variants, Variant Value."""
