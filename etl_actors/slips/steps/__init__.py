"""What expressions call: the steps of the language, and those of a slip's own."""
