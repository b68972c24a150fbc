"""Tests of `tidegate.admin`."""
