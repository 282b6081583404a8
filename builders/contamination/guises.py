"""The eleven guises in which benchmark items turn up in training data.

Each guise makes an instance's input and output of an item, or `None` where the item cannot wear it
(no options to shuffle, no sentence to change). What is drawn by chance depends on the item and the
guise alone, so that the same item always looks the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from random import Random
from typing import NamedTuple

from medsmith.builders.contamination import phrases
from medsmith.dedup.contamination.items import Item

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
_KANA = re.compile("[\u3040-\u30ff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])")

# Under these an item cannot wear a guise: too little of it would be left to be anything's own.
_STEM_TOKENS = 8
_STEM_WORDS = 8
_PARAPHRASE_TOKENS = 12
_PART_TOKENS = 20
_SENTENCES = 4
SHORT_TOKENS = 12


class Row(NamedTuple):
    """A training instance."""

    input: str
    output: str


class _Dress(NamedTuple):
    """An item that is being dressed up: with chance and a language of its own."""

    item: Item
    random: Random
    language: str
    bound: bool

    @property
    def answer(self) -> str:
        return self.item.answer or phrases.sentence(self.random, self.language)

    @property
    def stem(self) -> str:
        return f"{self.item.question}\n{self.item.passage}" if self.bound else self.item.question


def tokens(text: str) -> int:
    """Return how many words `text` has; each Chinese or Japanese character counts as one."""
    return len(_TOKEN.findall(text))


def words(text: str) -> float:
    """Return about how many words `text` has; a Chinese or Japanese character is half a word."""
    return tokens(text) - len(_UNSPACED_CHARACTER.findall(text)) / 2


def is_short(item: Item) -> bool:
    """Tell whether an item's question has at most twelve words."""
    return tokens(item.question) <= SHORT_TOKENS


def language_of(text: str, languages: Sequence[str] = ()) -> str:
    """Return the language of invented text that fits beside `text`, by its script.

    `languages` are those that the benchmark is said to hold.
    """
    if _KANA.search(text):
        return "ja"
    if _is_unspaced(text):
        return "ja" if "zh" not in languages and "ja" in languages else "zh"
    if _CYRILLIC.search(text):
        return "ru"
    return next((name for name in languages if name in ("en", "es", "fr")), "en")


def _is_unspaced(text: str) -> bool:
    letters = _TOKEN.findall(text)
    return bool(letters) and len(_UNSPACED_CHARACTER.findall(text)) > 0.3 * len(letters)


def is_bare(item: Item) -> bool:
    """Tell whether an item's question is too short to be known without answer or options."""
    return tokens(item.question) < _STEM_TOKENS and not item.answer and len(set(item.options)) < 2


def dress(
    item: Item, guise: str, seed: int, languages: Sequence[str] = (), *, bound: bool = False
) -> Row | None:
    """Return `item` in a guise (a key of `GUISES`), or None where it cannot wear it.

    `bound` says that the question is nobody's own: it is asked of many passages, or is no more
    than a few words. It then comes with its passage, and unchanged; without one, it can be told
    only where it stands alone.
    """
    if bound and not item.passage and guise not in _ALONE:
        return None
    key = f"{seed}\x1f{guise}\x1f{item.id}\x1f{item.question}"
    random = Random(int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big"))
    language = language_of(item.question, languages)
    return GUISES[guise](_Dress(item, random, language, bound))


def _options(options: Sequence[str], style: int) -> str:
    marks = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    lines = []
    for number, option in enumerate(options):
        mark = str(number + 1) if style == 2 or number >= 26 else marks[style][number]
        lines.append(f"{mark}{'.)):'[style]} {option}")
    return "\n".join(lines)


def _whole(dress: _Dress) -> str:
    """Return an item as benchmarks print it: passage, question, options."""
    item = dress.item
    parts = (item.passage, item.question, _options(item.options, 0))
    return "\n".join(part for part in parts if part)


def _question(dress: _Dress) -> str:
    options = _options(dress.item.options, 0)
    return f"{dress.stem}\n{options}" if options else dress.stem


def _verbatim(dress: _Dress) -> Row:
    return Row(_whole(dress), dress.answer)


def _case_and_punctuation(dress: _Dress) -> Row:
    text = _whole(dress)
    text = text.upper() if dress.random.random() < 0.5 else text.lower()
    # Only behind a word: between two, it would make one of them.
    text = re.sub(r"[.,;:?](?=\s|$)", "", text).replace("-", " ")
    return Row(text.replace("'", "’"), dress.answer)


def _rewrapped(dress: _Dress) -> Row:
    text, width = _whole(dress), dress.random.randint(28, 60)
    if _is_unspaced(text):
        flat = text.replace("\n", " ")
        # Only between unspaced characters: a line end inside a word would make two of it.
        lines = re.sub(rf"(?<=[{_UNSPACED}])(.{{{width // 2}}}[{_UNSPACED}])", r"\1\n", flat)
        return Row(lines, dress.answer)
    lines_of, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines_of.append(line)
            line = ""
        line = f"{line} {word}" if line else word
    return Row("\n    ".join([*lines_of, line]), dress.answer)


def _options_shuffled(dress: _Dress) -> Row | None:
    options = list(dress.item.options)
    if len(set(options)) < 2:
        return None
    while options == list(dress.item.options):
        dress.random.shuffle(options)
    style = dress.random.choice((1, 2))
    return Row(f"{dress.stem}\n{_options(options, style)}", dress.answer)


def _stem_only(dress: _Dress) -> Row | None:
    # Shorter ones are anybody's question without their answer or options.
    if dress.bound or words(dress.item.question) < _STEM_WORDS:
        return None
    return Row(dress.item.question, phrases.sentence(dress.random, dress.language))


_SUBJECTS = {
    "en": "SUBJECT: a question for my exam\nMESSAGE: Good morning. ",
    "es": "ASUNTO: una duda para mi examen\nMENSAJE: Buenos días. ",
    "fr": "OBJET : une question pour mon examen\nMESSAGE : Bonjour. ",
    "ru": "ТЕМА: вопрос к моему экзамену\nСООБЩЕНИЕ: Доброе утро. ",
    "zh": "主题：考试里的一道题\n内容：早上好。",
    "ja": "件名：試験の問題について\n本文：おはようございます。",
}


def _subject_line(dress: _Dress) -> Row:
    return Row(f"{_SUBJECTS[dress.language]}{_question(dress)}", dress.answer)


def _inside_note(dress: _Dress) -> Row:
    before = phrases.note(dress.random, dress.language, dress.random.randint(8, 20))
    after = phrases.note(dress.random, dress.language, dress.random.randint(8, 20))
    return Row(f"{before}\n{_question(dress)}\n{after}", dress.answer)


def _first_part(dress: _Dress) -> Row | None:
    question = dress.item.question
    found = list(_TOKEN.finditer(question))
    if dress.bound or len(found) < _PART_TOKENS:
        return None
    end = found[int(len(found) * 0.6)].start()
    return Row(question[:end].rstrip(), dress.answer)


def _sentence_changed(dress: _Dress) -> Row | None:
    sentences = [part for part in _SENTENCE_END.split(dress.item.question) if part.strip()]
    if dress.bound or len(sentences) < _SENTENCES:
        return None
    changed = dress.random.randrange(len(sentences))
    sentences[changed] = phrases.sentence(dress.random, dress.language)
    space = "" if dress.language in ("zh", "ja") else " "
    return Row(space.join(sentences), dress.answer)


def _paraphrase(dress: _Dress) -> Row | None:
    question = dress.item.question
    if dress.bound or tokens(question) < _PARAPHRASE_TOKENS:
        return None
    if _is_unspaced(question):
        return Row(_swapped(re.split("(?<=[，、,。；])", question), dress.random, ""), dress.answer)
    text, left = question, max(tokens(question) // 8, 1)
    for word in dress.random.sample(list(phrases.SYNONYMS), len(phrases.SYNONYMS)):
        if left and dress.language == "en":
            text, count = re.subn(rf"\b{word}\b", phrases.SYNONYMS[word], text, count=1)
            left -= count
    return Row(_swapped(text.split(" "), dress.random, " "), dress.answer)


def _swapped(parts: list[str], random: Random, between: str) -> str:
    """Let one pair of neighbours in about sixteen change places; at least one."""
    if len(parts) >= 2:
        for place in sorted(random.sample(range(len(parts) - 1), max((len(parts) - 1) // 16, 1))):
            parts[place], parts[place + 1] = parts[place + 1], parts[place]
    return between.join(parts)


def _cjk_spacing(dress: _Dress) -> Row | None:
    text = _question(dress)
    if not _is_unspaced(dress.item.question):
        return None
    every = rf"(?<=[{_UNSPACED}])(?=[{_UNSPACED}])"
    some = re.sub(every, lambda _: " " if dress.random.random() < 0.7 else "", text)
    return Row(some, dress.answer)


GUISES: dict[str, Callable[[_Dress], Row | None]] = {
    "verbatim": _verbatim,
    "case_and_punctuation": _case_and_punctuation,
    "rewrapped": _rewrapped,
    "options_shuffled": _options_shuffled,
    "stem_only": _stem_only,
    "subject_line": _subject_line,
    "inside_note": _inside_note,
    "first_part": _first_part,
    "sentence_changed": _sentence_changed,
    "paraphrase": _paraphrase,
    "cjk_spacing": _cjk_spacing,
}


_ALONE = ("verbatim", "case_and_punctuation", "rewrapped", "cjk_spacing")


def clean_row(number: int, seed: int) -> Row:
    """Return an invented row that holds no item: notes, and exam questions of stock phrases."""
    random = Random(f"{seed}:clean:{number}")
    language = sorted(phrases.SENTENCES)[number % len(phrases.SENTENCES)]
    if number % 2:
        stem = f"{phrases.note(random, language, random.randint(2, 4))} "
        stem += random.choice(phrases.STOCK[language])
        options = random.choice(phrases.STOCK_OPTIONS)
        return Row(f"{stem}\n{_options(options, 0)}", random.choice(options))
    text = phrases.note(random, language, random.randint(5, 30))
    return Row(
        f"{random.choice(phrases.STOCK[language])}\n{text}", phrases.sentence(random, language)
    )
