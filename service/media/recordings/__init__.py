"""Video and sound: looked at, made playable, made smaller, cut. The only room that knows FFmpeg and PyAV.

`formats` says what is taken and how much; `containers` reads the outermost bytes before any decoder does; `probe` opens
the file; `ffmpeg` has every command line; `steps` are what one process apart does in a directory of its own, started by
`apart`; `processing` is the worker's part: the record, the store, and which step is next.
"""
