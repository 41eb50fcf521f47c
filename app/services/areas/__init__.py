"""The areas wing: the area and grid tree, boundaries, locating a point."""
