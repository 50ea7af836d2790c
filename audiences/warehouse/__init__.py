"""Warehouse: Parquet files behind a manifest, read by DuckDB or Spark."""
