"""Documents generated from the registry and the events: JSON Schemas, an AsyncAPI document, a page for people.

They are committed; `lendstream docs build` writes them and `lendstream docs build --check` tells when they drift.
"""
