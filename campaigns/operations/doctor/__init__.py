"""Health checks behind `viesti doctor`: stores, providers, mail domain."""
