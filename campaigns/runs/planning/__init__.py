"""Planning: audience, permission, history and time make a plan; counts and explanations of it."""
