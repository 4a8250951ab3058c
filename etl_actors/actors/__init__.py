"""Who runs when: listener, master, parsers and loaders as actors, thin shells over plain objects."""
