"""Reports on runs: counts, conversions, lift."""
