"""YAML 1.2 with positions, validated against the model, problems with their place."""
