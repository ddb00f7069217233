"""Lung histology and CT classification that says why, and whether to trust it."""

__version__ = "0.1.0"
