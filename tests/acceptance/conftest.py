"""What several acceptance tests begin with."""

from pathlib import Path

import pytest

from tests.support.shop import SHOP


@pytest.fixture
def slips(tmp_path: Path) -> Path:
    """Make a folder with a slip that breaks documents out."""
    (tmp_path / "slips" / "shop").mkdir(parents=True)
    (tmp_path / "slips" / "shop" / "slip.toml").write_text(SHOP)
    return tmp_path / "slips"
