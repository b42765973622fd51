"""Where the real lessons are, and how patient the property tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault of the craft: an example may take longer than hypothesis's 200 ms.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def fill_plus() -> Path:
    """The folder of twelve lessons coded with FILL+; `COMEWATCH_DATA` says where `fill-plus` stands."""
    data = Path(os.environ.get("COMEWATCH_DATA", PROJECT.parent / "shared" / "data"))
    folder = data / "fill-plus"
    if not folder.is_dir():
        pytest.skip(
            f"REAL LESSONS NOT TESTED: no folder {folder}. Set COMEWATCH_DATA to the folder that holds fill-plus."
        )
    return folder
