"""Near-duplicates: MinHash LSH, exact verification, clusters and keepers."""
