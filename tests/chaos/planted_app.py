"""The app with the bug that PLANTED names."""

import os

from tests.chaos.planted import PLANTS

PLANTS[os.environ["PLANTED"]]()

from service.wsgi import app  # noqa: E402 - the bug must be there first

__all__ = ["app"]
