"""Use cases as plain functions: no Qt, no machine-learning runtime."""
