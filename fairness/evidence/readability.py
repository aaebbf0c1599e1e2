"""Reading grade of English text after Flesch and Kincaid.

Grade = 0.39 words per sentence + 11.8 syllables per word - 15.59 (Kincaid JP et al., Research Branch Report
8-75, Naval Technical Training Command, 1975). Syllables are counted by groups of vowels, with the usual
exceptions and a list of irregular words.
"""

import re
from collections.abc import Iterable

from fairness.evidence.facts import facts

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?|\d+")
_SENTENCE = re.compile(r"[.!?:]+(?:\s|$)")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]e|[^aeiouytd]ed|[^aeioucsgxz]es)$")


def reading_grade(sentences: Iterable[str]) -> float:
    """School grade that a text asks for; 0 for a text without words. A list entry ends a sentence.

    A number counts as a word of one syllable.
    """
    parts = [part for text in sentences for part in _SENTENCE.split(text) if _WORD.search(part)]
    words = [word for part in parts for word in _WORD.findall(part)]
    if not words:
        return 0.0
    per_word = sum(syllables(word) for word in words) / len(words)
    return 0.39 * len(words) / len(parts) + 11.8 * per_word - 15.59


def syllables(word: str) -> int:
    """Syllables of an English word, at least 1."""
    text = word.lower()
    known = facts("syllables")["words"].get(text)
    if known is not None:
        return int(known)
    count = len(_VOWELS.findall(text)) + len(re.findall(r"i[ao](?!u)|eo|uou", text))
    count -= len(re.findall(r"[tcs]i[ao]", text))
    if count > 1 and _SILENT.search(text):
        count -= 1
    return max(count, 1)
