"""Records that survive a crash (SQLite)."""
