"""Packs: list, card, install, import."""
