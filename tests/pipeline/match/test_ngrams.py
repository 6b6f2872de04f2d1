"""Character n-grams count what scikit-learn's count, without importing it."""

import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from pipeline.findings.load_terms import stop_words
from pipeline.match.ngrams import NGrams


@pytest.mark.parametrize(
    "texts",
    [
        [
            "Unlock the bike",
            "unlocked bikes, at once",
            "the the the",
            "a b ab abc abcd",
            "",
            "Größe 🎉 İstanbul\u2028x\ty",
        ],
        ["", " "],
        ["-"],
    ],
)
def test_texts_are_as_alike_as_scikit_learn_finds_them(texts: list[str]) -> None:
    found = NGrams(texts)
    weights = found.weigh(found.counts)
    theirs = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    expected = theirs.fit(texts if any(map(str.strip, texts)) else ["-"]).transform(texts)
    assert (weights @ weights.T).toarray() == pytest.approx((expected @ expected.T).toarray(), abs=1e-5)


def test_stop_words_are_scikit_learns() -> None:
    assert stop_words() == ENGLISH_STOP_WORDS
