"""Every bundled slip makes of its samples what they expect."""

from pathlib import Path

import pytest

from etl_actors.resources import resource
from etl_actors.slips.reading.read import read_slip
from etl_actors.slips.source.files import read_slip_folder
from etl_actors.slips.trying.samples import Sample, difference, payload_of, read_samples
from etl_actors.slips.trying.trial import Trier, as_stored

BUNDLED = {"access_log", "python_distribution", "shop_product", "syslog"}
SAMPLES = [
    (file.parent.parent, sample) for file in sorted(resource("parsers").glob("*/samples/*.json")) for sample in read_samples(file)
]


@pytest.mark.parametrize(("folder", "sample"), SAMPLES, ids=[f"{folder.name}/{sample.name}" for folder, sample in SAMPLES])
def test_a_sample_gives_what_it_expects(folder: Path, sample: Sample) -> None:
    slip = read_slip(read_slip_folder(folder), "public")
    assert sample.expected
    assert difference(sample, Trier(slip).attempt(as_stored(payload_of(sample)))) == ""


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_a_bundled_slip_has_a_sample_that_lands_and_one_that_does_not(name: str) -> None:
    assert {key for folder, sample in SAMPLES if folder.name == name for key in sample.expected} >= {"rows", "reject"}


def test_no_slip_is_bundled_without_being_named_here() -> None:
    assert {folder.name for folder in resource("parsers").iterdir() if folder.is_dir()} == BUNDLED
