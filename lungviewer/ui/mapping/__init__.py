"""Whole slides in the window: mapped in the background, told in words, exported."""
