"""The product: tables, audiences, HTTP, media, jobs. Stands on `sync`, `schemas` and `observation_tools`; nothing below knows it."""
