"""Text to nodes, and what can be told of nodes alone."""
