"""The column types: how a value becomes one, and its text."""
