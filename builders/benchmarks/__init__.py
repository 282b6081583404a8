"""Benchmarks: where their files are, and the items that are read from them."""

from medsmith.builders.benchmarks.home import BenchmarkHome, Presence
from medsmith.builders.benchmarks.ledger import ItemLedger
from medsmith.builders.benchmarks.reading import ItemRun, read_items
from medsmith.builders.benchmarks.sets import ItemSet, load_benchmark, load_items, present_items

__all__ = [
    "BenchmarkHome",
    "ItemLedger",
    "ItemRun",
    "ItemSet",
    "Presence",
    "load_benchmark",
    "load_items",
    "present_items",
    "read_items",
]
