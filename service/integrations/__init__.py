"""What others build on: each room tells the world outside what happened here, or takes in what happened there.

A room of these tells nobody anything that the person it acts for may not see, and calls addresses by `service.outbound` only.
"""
