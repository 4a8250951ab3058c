"""A slip as it was read."""
