"""Requests that nobody thought of, made from the OpenAPI document, at every endpoint and by everybody who may ask."""
