"""Folder and thumbnails."""
