"""Benchmark contamination: finds test items inside training instances."""
