"""Training on the person's own images, in a process of its own."""
