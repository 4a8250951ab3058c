"""Turn JSON documents in a PostgreSQL staging table into deduplicated relational tables, exactly once."""

__all__ = ["__version__"]

__version__ = "0.1.0"
