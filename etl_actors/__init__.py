"""Turn JSON documents in a PostgreSQL staging table into deduplicated relational tables, exactly once."""

from etl_actors.steps import step

__all__ = ["__version__", "step"]

__version__ = "0.1.0"
