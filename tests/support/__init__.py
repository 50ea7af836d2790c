"""Support for tests: sample workspace, servers, doubles, oracles. Tests import it; it imports no test."""
