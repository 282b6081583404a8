"""Kernels over Arrow buffers, compiled when the package is installed, and their typed wrappers."""

from medsmith.dedup.kernels.sets import ShingleSets, document_frequencies, similarities
from medsmith.dedup.kernels.texts import (
    GIST_MINIMA,
    GIST_WORDS,
    Sketch,
    TokenStream,
    gists_of,
    numeric_values,
    permutation_functions,
    shingle_sets,
    sketch,
    structured_sets,
    tokenise,
)

__all__ = [
    "GIST_MINIMA",
    "GIST_WORDS",
    "ShingleSets",
    "Sketch",
    "TokenStream",
    "document_frequencies",
    "gists_of",
    "numeric_values",
    "permutation_functions",
    "shingle_sets",
    "similarities",
    "sketch",
    "structured_sets",
    "tokenise",
]
