"""What stands beside the picture."""
