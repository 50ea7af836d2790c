"""Members: contact details, search, merge, erasure, holdout units, sign-ups."""
