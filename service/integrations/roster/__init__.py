"""OneRoster (CSV, 1.1 and 1.2): schools, staff and where they work, from the district's own files.

    package     the zip: bounded, never unpacked to a disk
    table       one of its files as rows: encodings, separators, headers, however they were written
    staff       who of all these people works here; nobody else is ever kept
    district    schools, people and their roles; `teaching` who teaches where
    reading     all of it                                        -> words.Roster
    plan        what of it differs from what is stored           -> Plan, the preview
    telling     both in words of JSON
    applying    the plan, through the one door, in batches
    sieve       the reading in a process of its own, for rosters that come over the network
    previews    those rosters: one under way in a tenant, there for a day
    running     the worker's part of them

Students, guardians, passwords and demographics are left where they stand: a row is kept only once it is known to be of
somebody who works here. `findings` are for the person in the district office, and cite no cell of anybody.
"""
