"""Types and pure functions shared by every part. Standard library, numpy, Pillow and OpenCV only."""
