"""The picture: deep zoom, overlay, scale."""
