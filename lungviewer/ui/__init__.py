"""The window: Qt only; what it shows comes from services."""
