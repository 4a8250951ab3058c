"""Target tables: what is there, what a slip wants of them, and what of others belongs to them."""
