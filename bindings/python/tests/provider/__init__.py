"""Tests of `tidegate.openfeature` and `tidegate.otel`."""
