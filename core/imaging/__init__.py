"""CT volumes: their grid in space, reading, writing, windows and preprocessing."""
