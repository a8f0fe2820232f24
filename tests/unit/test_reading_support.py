"""The default preset: words and phrases, never parts of words, and what they mean for a support team."""

import pytest

from schemas.readings import Reading
from streams.scoring.language import LanguageGuess
from streams.scoring.readers import analytics, incident, whatsapp
from streams.scoring.readers.support import STAGES, SupportReader
from streams.scoring.taxonomy import TOPICS, place_of
from tests.unit.banking import CATEGORY_OF, QUESTIONS
from tests.unit.reading import read

READER = SupportReader(LanguageGuess())


def support(text: str, polarity: float = 0.0) -> Reading:
    return READER.read(text, polarity, None)


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("billing.refund", "Refund me now"),
        ("billing.duplicate_charge", "You charged me twice!"),
        ("billing.failed_payment", "My payment was declined"),
        ("billing.wrong_charge", "There is an extra fee on my statement"),
        ("billing.cancellation", "I want to cancel my subscription"),
        ("billing.plan_change", "Can I upgrade to the annual plan?"),
        ("billing", "A question about my invoice"),
        ("security.fraud", "My account was hacked and the money is gone"),
        ("account.locked", "I am locked out"),
        ("account.login", "I cannot log in"),
        ("account.profile", "How can I change my billing address?"),
        ("delivery.not_received", "I paid 2 weeks ago and still no delivery"),
        ("delivery.late", "The parcel is three days late"),
        ("delivery.lost", "The courier lost my parcel"),
        ("delivery.damaged", "I received my order but the item is damaged"),
        ("delivery.wrong_item", "You sent me the wrong size"),
        ("technical.crash", "The app crashes at startup"),
        ("technical.performance", "The website is so slow today"),
        ("technical.outage", "Great, another outage"),
        ("technical.data_loss", "We lost all our data after the update"),
        ("technical.api", "The API returns 500 since noon"),
        ("technical.error", "It is still not working"),
        ("integration", "Is there an integration with Slack?"),
        ("integration.import_export", "Where do I export the orders as CSV?"),
        ("integration.sync", "The contacts are out of sync"),
        ("feature.request", "Please add a dark mode"),
        ("how_to", "Is there a guide for beginners?"),
        ("product.inquiry", "Do you have this in stock?"),
        ("service.complaint", "Your staff was rude"),
        ("general", "Good morning"),
        ("general", ""),
    ],
)
def test_a_text_has_the_topic_that_it_speaks_of(topic: str, text: str) -> None:
    found = support(text)
    assert (found.category, found.subcategory) == place_of(topic)


def test_every_topic_has_a_name_in_each_of_the_other_taxonomies() -> None:
    for topic in TOPICS.values():
        assert topic.incident in incident.CATEGORIES
        assert topic.whatsapp in {*whatsapp.CATEGORIES, whatsapp.OTHER}
        category, subcategory = place_of(topic.analytics)
        assert category in analytics.CATEGORIES
        assert subcategory is None or subcategory in {*analytics.SUBCATEGORIES[category], "data_issue"}


def test_every_category_of_the_other_taxonomies_has_a_topic() -> None:
    assert {topic.incident for topic in TOPICS.values()} == set(incident.CATEGORIES)
    assert {topic.whatsapp for topic in TOPICS.values()} == {*whatsapp.CATEGORIES, whatsapp.OTHER}
    assert {place_of(topic.analytics).category for topic in TOPICS.values()} == set(analytics.CATEGORIES)


def test_real_questions_of_bank_customers_find_their_category() -> None:
    """docs/reading.md has the figures over the whole of the test part."""
    asked = [(question, CATEGORY_OF[intent]) for question, intent in QUESTIONS if intent in CATEGORY_OF]
    right = sum(support(question).category == category for question, category in asked)
    said = sum(support(question).category in CATEGORY_OF.values() for question, _ in asked)
    assert len(asked) > 80
    assert right / len(asked) > 0.72
    # What it says, it is sure of.
    assert right / said > 0.9


@pytest.mark.parametrize(
    "text", ["The prefix", "A template", "My address is new", "Translate the agenda", "No thanks to you"]
)
def test_a_word_within_another_and_a_phrase_meant_otherwise_say_nothing(text: str) -> None:
    found = support(text)
    assert (found.emotions, found.signals, found.keywords) == ({}, (), ())
    assert found.category in {"general", "account"}


@pytest.mark.parametrize(
    ("emotion", "text"),
    [
        ("angry", "This is ridiculous and unacceptable"),
        ("frustrated", "I am fed up, it is the third time"),
        ("confused", "I'm so confused"),
        ("worried", "I am worried about my card"),
        ("disappointed", "I expected better, I am disappointed"),
        ("happy", "We love the new page"),
        ("grateful", "Thank you so much"),
        (None, "Where is the invoice?"),
        (None, "I am not angry at all"),
        (None, "Thanks for nothing"),
        (None, ""),
    ],
)
def test_the_strongest_emotion(emotion: str | None, text: str) -> None:
    assert support(text).emotion == emotion


def test_each_phrase_of_an_emotion_halves_what_is_missing() -> None:
    assert support("I am furious").emotions == {"angry": 0.5}
    assert support("I am furious, this is outrageous").emotions == {"angry": 0.75}
    assert support("I am furious, this is outrageous. A disgrace!").emotions == {"angry": 0.88}


def test_praise_in_a_bad_mood_is_sarcasm() -> None:
    assert support("Awesome, the server crashed again", -0.5).emotions == {}
    assert support("Awesome, the server runs again", 0.5).emotions == {"happy": 0.5}
    assert read("support", "Great, another outage").emotions == {}


@pytest.mark.parametrize(
    ("urgency", "text"),
    [
        ("critical", "URGENT: please respond"),
        ("critical", "Our site is down for everyone"),
        ("critical", "I need it asap, no rush for the rest"),
        ("high", "It affects our business"),
        ("high", "Refund me now"),
        ("high", "I am locked out"),
        ("high", "There is fraud on my card"),
        ("medium", "I cannot find the invoice"),
        ("medium", "I scrolled down and now I see it"),
        ("low", "No rush, whenever you have time"),
        ("low", "This is not urgent"),
        ("medium", ""),
    ],
)
def test_urgency_is_what_the_words_state_or_the_topic_demands(urgency: str, text: str) -> None:
    assert support(text).urgency == urgency


@pytest.mark.parametrize(("polarity", "urgency"), [(-0.51, "high"), (-0.5, "medium"), (0.9, "medium")])
def test_a_very_bad_mood_is_of_high_urgency(polarity: float, urgency: str) -> None:
    assert support("The box is blue", polarity).urgency == urgency


def test_what_cannot_wait_is_high_however_calmly_it_is_told() -> None:
    assert support("No rush, but somebody hacked my card").urgency == "critical"
    assert support("No rush, but my card was stolen").urgency == "high"


@pytest.mark.parametrize(
    ("signals", "text"),
    [
        (("wants_human",), "I want to speak to a human"),
        (("wants_human",), "Transfer me to an agent"),
        (("wants_human",), "Let me talk to your manager"),
        (("wants_human",), "Can a real person call me back?"),
        ((), "I don't want to talk to an agent"),
        ((), "The agent spoke to me, it was human error"),
        (("dissatisfied",), "That doesn't help"),
        (("dissatisfied",), "This is not what I asked"),
        (("repeat_contact",), "I already called you twice"),
        (("dissatisfied", "repeat_contact"), "It is still not fixed, the third time I write"),
        (("leaving",), "I am switching to a competitor"),
        (("legal_threat",), "You will hear from my lawyer"),
        (("contains_error",), "It says NullPointerException"),
        (("contains_error",), "HTTP 503 since noon"),
        (("contains_error",), "An error message at the checkout"),
        ((), "By trial and error I found it in room 503"),
        (("contains_code",), "I ran `pip install x`"),
        (("contains_code",), "SELECT name FROM users"),
        (("contains_code",), 'It sends {"id": 1}'),
        ((), "Select the plan (the new one) and wait; I did."),
        (("contains_screenshot",), "See the attached screenshot"),
        (("contains_screenshot",), "I sent you fault.png"),
        ((), "I have no screenshot"),
        ((), ""),
    ],
)
def test_signals(signals: tuple[str, ...], text: str) -> None:
    assert support(text).signals == signals


@pytest.mark.parametrize(
    ("questions", "text"),
    [
        (0, ""),
        (0, "Hello. I wait."),
        (1, "Where is it?"),
        (1, "Where is it???!"),
        (2, "Where is it? And when will it come?"),
        (1, "where is my parcel"),
        (1, "Hi, how do I export it. Thanks"),
        (2, "Why? what is this"),
        (0, "See https://shop.example/?id=1&b=2 for it"),
        (1, "訂單在哪裡？"),
        (1, "أين طلبي؟"),
    ],
)
def test_questions_are_counted_with_and_without_their_mark(questions: int, text: str) -> None:
    assert support(text).questions == questions


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        ("quotation", "Can you send me a quote?"),
        ("cart", "I added two items to my cart"),
        ("payment", "I paid yesterday"),
        ("delivery", "The courier did not come"),
        ("delivery", "I asked for a quote, paid, and where is my order?"),
        (None, "Good morning"),
    ],
)
def test_the_latest_stage_of_the_journey_counts(stage: str | None, text: str) -> None:
    assert stage is None or stage in STAGES
    assert support(text).journey_stage == stage


def test_keywords_are_marked_once_in_their_order() -> None:
    assert support("I want my money back. A refund! The REFUND is late").keywords == ("money back", "refund", "late")


def test_the_examples_of_system_c_are_read_as_well() -> None:
    angry = read("support", "This is ridiculous! I paid 2 weeks ago and still no delivery! Give me my money back NOW!")
    assert (angry.category, angry.urgency, angry.journey_stage) == ("delivery", "high", "delivery")
    assert set(angry.emotions) == {"angry", "frustrated"}
    confused = read("support", "I'm so confused. I added items to cart but don't know how to pay. Can someone help me?")
    assert (confused.emotion, confused.category, confused.urgency) == ("confused", "technical", "medium")
    assert (confused.journey_stage, confused.questions) == ("cart", 1)
    polite = read("support", "Hello, I received my order but the item is damaged. I'd like to request a refund please.")
    assert (polite.category, polite.urgency, polite.journey_stage) == ("delivery", "high", "delivery")
    assert polite.keywords == ("damaged", "refund")


def test_quotes_and_signature_are_not_read() -> None:
    mail = "It crashes.\n\nOn Mon, 1 Jan 2024 at 10:00, Support wrote:\n> Please refund the invoice\n> asap!\n"
    found = read("support", mail)
    assert (found.category, found.urgency, found.keywords) == ("technical", "medium", ())
