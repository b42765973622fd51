"""The words on the wire.

What lives here: one marshmallow schema per kind of record (`records/`), the fields they are made of, the
messages of the sync doors, and the catalogue of problems. What does not: tables, HTTP, rules about who may do what.
"""
