"""Whether the expressions of a slip can be written, and find what they ask for."""
