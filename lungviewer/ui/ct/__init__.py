"""CT series in the window: which slice is looked at, what is said of a series."""
