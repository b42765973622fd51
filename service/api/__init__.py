"""HTTP: thin views over the rooms below.

`smorest` is the only file that knows flask-smorest, `hardened` the only reader of request bodies, `errors` the one
writer of problems, `transaction` the one place that commits. One file per blueprint; nothing below imports this room.
"""
