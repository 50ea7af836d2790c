"""Templates: folders, sandbox, filters, variables, translations."""
