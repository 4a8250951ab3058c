"""Everything that speaks to PostgreSQL: staging, batches, targets, the books."""
