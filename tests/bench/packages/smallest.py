"""Flask and one SELECT: what a request costs at least. Run by `floor.py`, never imported."""

import os
import threading

import psycopg
from flask import Flask

app = Flask(__name__)
here = threading.local()


@app.get("/")
def one() -> dict[str, object]:
    """One row by its key."""
    if not hasattr(here, "session"):
        here.session = psycopg.connect(os.environ["BENCH_DATABASE"], autocommit=True)
    found = here.session.execute("SELECT id FROM notes WHERE number = 1").fetchone()
    return {"found": found[0] if found else None}
