"""How texts are made comparable before their similarity is measured (`norm-v1`).

The rules never change under this name:

1. A text is folded: NFKC(casefold(NFKC(text))), by Unicode 14.0.
2. The folded text is cut into tokens. A token is
   - a run of letters, digits and marks of a script that is written with spaces (Hangul too);
   - one letter of a script that is written without: Han, Hiragana, Katakana, Bopomofo, Thai, Lao,
     Khmer, Myanmar, Tibetan. Digits of these scripts run together as elsewhere.

   A mark belongs to the token right before it; where there is none, it begins a run.
3. A symbol that carries meaning in medicine belongs to the token before it, whatever else lies
   between: mathematical symbols (`<`, `=`, `+`, `±`, `≥`, …), `%` and `°`; but not `|`, nor the
   minus sign and the fraction slash, for which others type a hyphen and a slash. So there are as
   many tokens as words, and yet `HER2+` is not `HER2`. Before any token, symbols are one of their
   own. A mark right after a symbol belongs to it.
4. Everything else separates tokens: blanks, punctuation, the underscore, controls, other symbols,
   and what Unicode 14.0 does not know.

So `1.5 mg` is `1`, `5`, `mg`; `½` is `1`, `2`; `50 %` is `50%`; `P < 0.05` is `p<`, `0`, `05`. What
happens to each code point stands in `kernels/norm_tables.h`, written once from Unicode 14.0:
results do not vary with the Python that runs. This module is the reference, slow and plain; the
kernels do the same over Arrow buffers.
"""

from __future__ import annotations

from typing import NamedTuple

from medsmith.dedup.kernels.folding import pieces, properties
from medsmith.dedup.kernels.generate_tables import KIND_BITS, MARK, SEPARATOR, SYMBOL, WORD

NORM_RULES = "norm-v1"


class Token(NamedTuple):
    """One token: its folded text, and where it stands in the text that was given, in characters."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text` under norm-v1.

    A token's place reaches from its first character to its last, a symbol too, with all that lies
    between. Where characters compose, or one becomes several, it covers the whole of them.
    """
    known = properties()
    found: list[Token] = []
    before = SEPARATOR  # of which kind the token is that the next character may continue
    for start, end, folded in pieces(text):
        for char in folded:
            kind = known[ord(char)] & KIND_BITS
            if (
                before == kind == WORD
                or (kind == MARK and before != SEPARATOR)
                or (kind == SYMBOL and found)
            ):
                found[-1] = Token(found[-1].text + char, found[-1].start, end)
            elif kind != SEPARATOR:
                found.append(Token(char, start, end))
            if kind != MARK:
                before = kind
            elif before == SEPARATOR:
                before = WORD
    return found
