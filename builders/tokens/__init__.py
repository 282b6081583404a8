"""Token counts: exact, without token ids."""
