"""Depth image files, read and written."""
