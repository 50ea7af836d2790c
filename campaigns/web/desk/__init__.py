"""Service desk pages: look-up, changes, requests, sign-in of staff."""
