"""Near-duplicate removal over files: the same functions for the stages and `medsmith dedup`."""
