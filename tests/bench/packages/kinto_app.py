"""Kinto's own app for gunicorn, in Kinto's own environment; run by `kinto.py`, never imported here."""

import os

from pyramid.paster import get_app

app = get_app(os.environ["BENCH_KINTO_INI"])
