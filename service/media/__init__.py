"""Photos in S3: how they get there, how they are checked and stripped, who may fetch them.

`store` is the only file that knows boto3 (`patience`: how long it waits); `photos` the only one that knows
Pillow, and runs as a process of its own.
`record` reads and moves the record, `uploads` plans and ends an upload, `processing` is the worker's part, `sweep`
takes away what nobody will come back for. What is made of a sort of file is in `..._renditions`, why a file was put
away in `reasons`. `links` and `playback` hand out what may be seen, `retention` says for how long, `clips` keeps pieces,
`holds` is the operator's, `erasure` takes away what nobody may keep. Bytes never pass through the API.
"""
