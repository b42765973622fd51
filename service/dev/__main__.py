"""`python -m service.dev` is `make run`."""

from service.dev.run import main

raise SystemExit(main())
