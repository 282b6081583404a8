"""Kernels over Arrow buffers, compiled when the package is installed."""
