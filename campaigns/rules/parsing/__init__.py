"""Rule parser: a YAML mapping becomes a condition."""
