"""A slip as a function: documents to COPY lines, and the choice among slips."""
