"""Settings, about, help, the last crash."""
