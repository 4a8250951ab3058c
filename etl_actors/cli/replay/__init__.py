"""``etl-actors replay``: the order, its progress, the dry run."""
