"""Kernels over Arrow buffers, compiled when the package is installed, and their typed wrappers."""

from medsmith.dedup.kernels.sets import ShingleSets, document_frequencies, similarities
from medsmith.dedup.kernels.texts import (
    PRINT_MINIMA,
    PRINT_WORDS,
    Sketch,
    TokenStream,
    numeric_values,
    permutation_functions,
    prints_of,
    shingle_sets,
    sketch,
    structured_sets,
    tokenise,
)

__all__ = [
    "PRINT_MINIMA",
    "PRINT_WORDS",
    "ShingleSets",
    "Sketch",
    "TokenStream",
    "document_frequencies",
    "numeric_values",
    "permutation_functions",
    "prints_of",
    "shingle_sets",
    "similarities",
    "sketch",
    "structured_sets",
    "tokenise",
]
