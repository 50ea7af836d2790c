"""Results: feedback from providers and what came of a run."""
