"""The digest: one mail a day at most, at the hour that a person chose, with what concerns her.

gathering     what there is to say, as far as she may see it at this moment
words         how it is said, in each language
sending       to whom it is due
unsubscribe   the secret address that ends it, without sign-in
"""
