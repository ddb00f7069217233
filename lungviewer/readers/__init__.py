"""Open image files as `ImageSource`."""
