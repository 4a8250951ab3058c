"""The audit: the books and the target tables proven from the data, every side counted on its own."""
