"""The version of Lobule, written into every record."""

VERSION = "0.1.0"
