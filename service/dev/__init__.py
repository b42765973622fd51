"""One command for a whole instance on one machine: servers, migrations, API, worker, demo district.

    python -m service.dev      what `make run` does

`postgres` and `s3` launch servers that came as wheels; `children` starts and stops processes so that
none outlives its parent; `supervisor` keeps them all alive. Nothing here runs in production.
"""
