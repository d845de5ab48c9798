"""Changing the labels of a case: boxes, masks, undo."""
