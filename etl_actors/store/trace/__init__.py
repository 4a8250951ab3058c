"""Where a staged row went, and where a target row came from."""
