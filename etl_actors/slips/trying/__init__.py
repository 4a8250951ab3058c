"""A slip tried on documents, without a database."""
