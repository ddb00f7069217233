"""Synthetic histology, drawn by rule. Nothing in here was learned or copied from an image."""
