"""`python -m service.dev` is `make run`."""

import os
import sys

from service.dev.run import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
# Taking the interpreter apart takes a second, and nothing is left to tidy.
os._exit(code)
