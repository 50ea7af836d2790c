"""Tests of every room; a regular package, so that no vendor that installs a `tests` of its own stands before it."""
