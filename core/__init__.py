"""Lobule's core: everything that is not a web page."""
