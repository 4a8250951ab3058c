"""JSON values: a document, its exact text, comparison, and the refusal of one."""
