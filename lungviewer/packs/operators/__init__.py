"""What each allowed ONNX operator does to shapes, worked out without running anything."""
