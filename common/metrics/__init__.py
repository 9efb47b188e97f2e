"""Metrics, one module per task: pure functions on arrays, checked against the library everyone trusts."""
