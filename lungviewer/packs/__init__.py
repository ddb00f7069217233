"""Model packs: the one truth about a model."""
