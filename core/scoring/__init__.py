"""Honest scoring of a prediction against a reference."""
