"""The window that makes reports."""
