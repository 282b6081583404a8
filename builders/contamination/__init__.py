"""What the contamination stage and its self-test need beside the library in `dedup`."""
