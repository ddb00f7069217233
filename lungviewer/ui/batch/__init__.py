"""A folder into a CSV, with a window round it."""
