"""The words of each kind of record: one marshmallow schema a file, named as the kind is.

What lives here: fields, their bounds, and ids that both ends of the wire must make alike. What does not: who may read or
write a record (that is `service.records`, which also says where it is stored).

Every field may be null unless it is required; states are born in the first state of their machine.
"""
