"""Provider feedback: ingest events, apply them, settle uncertain deliveries, trip the circuit breaker."""
