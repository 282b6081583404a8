"""Anybody's Parquet and JSONL files, for stages that are used on their own."""
