"""Other libraries' ways of speaking, each translated to and from the one door and the one feed.

What lives here: a file for each library, which turns its rows into changes and outcomes back into its rows. It knows no
kind by name, and no web: the routes are in `service.api`. What does not: rules, merging, visibility, which are the engine's.
"""
