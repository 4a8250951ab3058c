"""Pure rules of relational targets: tables, identities, duplicate policies, rejects. Nothing here does I/O."""
