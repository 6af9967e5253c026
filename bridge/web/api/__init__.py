"""The REST API, one module a part of the hall."""
