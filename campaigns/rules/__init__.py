"""Rule language: YAML to a typed tree, to SQL, and to a sentence."""
