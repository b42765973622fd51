"""The live process: thousands of open streams that say "the clock of these collections moved to N", and nothing else.

    app         ASGI: two addresses, who may listen, problems
    listeners   one open stream, or one request that waits
    watch       whom to tell: every second, and at once after a hint
    news        the questions to PostgreSQL

It writes nothing. What it misses or tells twice does no harm: phones pull, and the pull knows.
"""
