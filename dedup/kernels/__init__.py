"""Kernels over Arrow buffers, compiled when the package is installed, and their typed wrappers."""

from medsmith.dedup.kernels.sets import ShingleSets, document_frequencies, similarities
from medsmith.dedup.kernels.texts import (
    Sketch,
    TokenStream,
    numeric_values,
    permutation_functions,
    shingle_sets,
    sketch,
    structured_sets,
    tokenise,
)

__all__ = [
    "ShingleSets",
    "Sketch",
    "TokenStream",
    "document_frequencies",
    "numeric_values",
    "permutation_functions",
    "shingle_sets",
    "similarities",
    "sketch",
    "structured_sets",
    "tokenise",
]
