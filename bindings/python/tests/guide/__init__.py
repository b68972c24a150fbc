"""The guide's page for Python."""
