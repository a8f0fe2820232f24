"""The language of a text: by function words, by script, and only in doubt by a trained identifier."""

import pytest
from hypothesis import given

from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.words import words_of
from tests.unit.awkward_texts import ANY_TEXTS, SAMPLE

TEXTS = [
    ("en", "I ordered it two weeks ago and it has not arrived."),
    ("en", "Where is my refund? You said that it would be here by Monday."),
    ("de", "Ich habe vor zwei Wochen bestellt und das Paket ist noch nicht angekommen."),
    ("de", "Warum kann ich mich nicht anmelden? Bitte um Hilfe."),
    ("fr", "J'ai commandé il y a deux semaines et je n'ai toujours rien reçu."),
    ("fr", "Pourquoi est-ce que vous ne répondez pas à mes messages ?"),
    ("es", "Hice el pedido hace dos semanas y todavía no ha llegado."),
    ("es", "¿Por qué no puedo entrar en mi cuenta? Necesito ayuda, gracias."),
    ("it", "Ho ordinato due settimane fa e non è ancora arrivato nulla."),
    ("it", "Perché non posso accedere al mio conto? Grazie per l'aiuto."),
    ("pt", "Fiz a encomenda há duas semanas e ainda não chegou nada."),
    ("pt", "Por que não posso entrar na minha conta? Obrigado pela ajuda, vocês são ótimos."),
    ("nl", "Ik heb het twee weken geleden besteld en het is nog niet aangekomen."),
    ("nl", "Waarom kan ik niet inloggen op mijn account? Graag een antwoord."),
    # Words that are English too.
    ("es", "No me deja entrar en mi cuenta."),
    ("nl", "Het is niet wat we hadden besteld."),
    ("en", "It's the bank's fault, I'd say, and it was John's card."),
    ("en", "As a matter of fact I do, so no."),
    ("ru", "Я заказал товар две недели назад, а посылки всё ещё нет."),
    ("uk", "Я замовив товар два тижні тому, але посилки досі немає."),
    ("el", "Η παραγγελία μου δεν έχει φτάσει ακόμα."),
    ("ja", "注文した商品がまだ届きません。"),
    ("zh", "我的订单还没有到。"),
    ("ko", "주문한 상품이 아직 도착하지 않았습니다."),
    ("he", "ההזמנה שלי עדיין לא הגיעה."),
    ("th", "สินค้าที่สั่งยังไม่มาถึง"),
]


def language(text: str, guess: LanguageGuess | None = None) -> str | None:
    return (guess or LanguageGuess()).of(text, words_of(text))


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_a_sentence_is_enough(code: str, text: str) -> None:
    assert language(text) == code


@pytest.mark.parametrize("text", ["", "12345", "ok", "Xyzzy plugh", "!!! ???", "مرحبا"])
def test_what_says_too_little_is_not_known(text: str) -> None:
    assert language(text) is None


def test_a_foreign_name_does_not_change_the_language() -> None:
    assert language("I wrote to 株式会社 about my order and they have not answered.") == "en"


def test_real_complaints_are_english_without_a_trained_identifier() -> None:
    long = [text for text in SAMPLE if len(text) > 60]
    assert sum(language(text) == "en" for text in long) > 0.97 * len(long)
    assert not [text for text in SAMPLE if language(text) not in {"en", None}]


def test_the_identifier_is_asked_only_in_doubt() -> None:
    asked: list[str] = []

    def identify(text: str) -> str | None:
        asked.append(text)
        return "sv"

    guess = LanguageGuess(identify)
    assert language(TEXTS[0][1], guess) == "en"
    assert language("12345 67890 !!! ??? 12345", guess) is None
    assert language("short one", guess) is None
    assert not asked
    doubtful = "Paketet skadat vid leveransen, ersättning önskas snarast"
    assert language(doubtful, guess) == "sv"
    assert asked == [doubtful]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sv", "Paketet var skadat vid leveransen och jag önskar ersättning snarast"),
        ("pl", "Zamówienie jeszcze nie dotarło, proszę o pomoc"),
        ("tr", "Siparişim hâlâ gelmedi, yardım edin lütfen"),
        ("ar", "مرحبا أين طلبي لم يصل حتى الآن"),
        ("hi", "नमस्ते मेरा ऑर्डर कहाँ है"),
        ("pt", "Não consigo fazer login no aplicativo a partir do celular"),
        ("en", "Duplicate card transactions, suspicious overdraft charges"),
        (None, "Wowzers zzz blorp kthxbai smh lmao"),
    ],
)
def test_the_trained_identifier_decides_what_is_in_doubt(code: str | None, text: str) -> None:
    assert language(text) is None
    assert language(text, LanguageGuess(trained_identifier())) == code


def test_no_real_complaint_is_taken_for_another_language() -> None:
    guess = LanguageGuess(trained_identifier())
    assert not [text for text in SAMPLE if language(text, guess) not in {"en", None}]


@given(ANY_TEXTS)
def test_any_text_has_a_code_of_two_letters_or_none(text: str) -> None:
    code = language(text)
    assert code is None or (len(code) == 2 and code.islower())
