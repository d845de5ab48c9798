"""Lobule's core: everything that is not a web page."""

__version__ = "0.1.0"
