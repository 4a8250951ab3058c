"""TOML to a slip, or all that is wrong with it."""
