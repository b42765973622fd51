"""Leaving with what is yours, arriving elsewhere with it, and being forgotten.

`data_map` what is kept of a person, where and how long · `belongings` which records are hers · `exporting` all of them
as one file · `exports` such files, asked for and fetched · `importing` that file taken in elsewhere · `forgetting` a person.
"""


class ExportError(Exception):
    """This is no export that can be taken in: one line that says why."""
