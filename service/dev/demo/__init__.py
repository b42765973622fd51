"""The main job, lived through on real lessons: invite, accept, visit offline, share, release, talk, try; and every number checked.

lessons   the real lessons, read in place     cast      the people of the demo district with their phones
network   loses answers and repeats requests  photo     a photo that says where it was taken
story     one lesson, step by step            checks    what must hold, and what was found instead
"""
