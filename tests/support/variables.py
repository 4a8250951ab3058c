"""The test suite's own variables, taken out of the environment: to etl-actors they are settings that there are not."""

import os

__all__ = ["OWN"]

_NAMES = ("ETL_CORPUS", "ETL_TEST_DATABASE_URL", "ETL_TEST_POSTGRES")

OWN = {name: os.environ.pop(name) for name in _NAMES if name in os.environ}
"""Their values by name, of those that were set."""
