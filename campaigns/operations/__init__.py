"""Operations: scheduler, worker, nightly jobs, gauges, backups and health checks."""
