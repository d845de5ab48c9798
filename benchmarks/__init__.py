"""Claims of the README, measured."""
