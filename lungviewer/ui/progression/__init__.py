"""The progression simulator's window."""
