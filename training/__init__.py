"""Offline training: from a folder of labelled images to a model pack."""
