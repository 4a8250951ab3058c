"""Message slips: which documents they take, and what becomes of them. Pure: text and values in, lines out."""
