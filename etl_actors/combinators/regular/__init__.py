"""Grammars without true recursion as regular expressions, and the Python that builds their values: compiled once, at load."""
