"""Templates: folders, Jinja sandbox, filters, variables, translations."""
