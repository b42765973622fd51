"""Chaos: a whole instance as `make run` starts it, phones that push and pull all the while, and kill -9 in the midst of it.

    site        the instance, its processes, what its database holds
    wire        what each phone sent and what was acknowledged to it, read off the wire
    phones      those who type, those who read, those who listen
    kills       whom to kill, and when it serves again
    promises    what must hold when all has come to rest: nothing lost, nothing twice, no gap, nothing skipped
    rounds      a storm, a kill in mid-push, recovery, rest, and the promises
    disk        the disk under PostgreSQL runs full, and has room again
    planted     servers with a bug, to see that the promises notice

`make chaos` does it at length, the tests here a little of each.
"""
