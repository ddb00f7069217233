"""A data folder looked at before anything is trained on it: what is broken, doubled, lopsided or too easy."""
