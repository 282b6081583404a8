"""YAML manifests of sources, instruction pools, benchmarks and releases, and their loader."""

from medsmith.manifests.benchmark_models import (
    BenchmarkFields,
    BenchmarkFile,
    BenchmarkManifest,
    ItemShape,
)
from medsmith.manifests.loader import (
    Catalogue,
    load_benchmark,
    load_pool,
    load_recipe,
    load_source,
)
from medsmith.manifests.models import (
    Access,
    Instruction,
    InstructionPool,
    RawPattern,
    SourceManifest,
    TaskManifest,
)
from medsmith.manifests.recipes import Recipe, RecipeSource, TakeDown, TakeDownList

__all__ = [
    "Access",
    "BenchmarkFields",
    "BenchmarkFile",
    "BenchmarkManifest",
    "Catalogue",
    "Instruction",
    "InstructionPool",
    "ItemShape",
    "RawPattern",
    "Recipe",
    "RecipeSource",
    "SourceManifest",
    "TakeDown",
    "TakeDownList",
    "TaskManifest",
    "load_benchmark",
    "load_pool",
    "load_recipe",
    "load_source",
]
