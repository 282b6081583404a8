"""Reads the items of registered and of users' benchmarks."""
