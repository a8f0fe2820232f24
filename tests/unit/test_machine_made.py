"""Messages that no customer wrote, and those of customers who write about them."""

import pytest

from streams.scoring.machine_made import Machine, machine_of


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        ("Automatic reply: Your ticket", "automatic reply"),
        ("Re: Out of Office: back on Monday", "automatic reply"),
        ("Auto-Reply: thank you", "automatic reply"),
        ("I am out of the office until Monday.", "automatic reply"),
        ("Hello,\nI'm currently on annual leave and will respond when I am back.", "automatic reply"),
        ("I am away from my desk with limited access to mail.", "automatic reply"),
        ("Thank you for your email. I am currently out of office.", "automatic reply"),
        ("Undeliverable: your message", "bounce"),
        ("Mail delivery failed: returning message to sender", "bounce"),
        ("Delivery has failed to these recipients or groups:\nann@acme.example", "bounce"),
        ("Your message to ann@acme.example couldn't be delivered.", "bounce"),
        ("From: MAILER-DAEMON\nSubject: failure notice", "bounce"),
        ("This is an automatically generated email, please do not answer.", "machine-made"),
        ("*** This is an automated message ***", "machine-made"),
        ("Your order is on its way.\n\nPlease do not reply to this email.", "machine-made"),
        ("[FIRING:2] disk is full", "machine-made"),
        ("Your verification code is 123456", "machine-made"),
        ("BEGIN:VCALENDAR\nVERSION:2.0", "machine-made"),
        ("Accepted: Call about the contract", "machine-made"),
    ],
)
def test_machines_say_what_they_are(text: str, machine: Machine) -> None:
    assert machine_of(text) == machine


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I only get automatic replies from you.",
        "Why do I get an automatic reply each time?",
        "Delivery failed again, the driver never came.",
        "My mail is undeliverable to your address.",
        "You say: this is an automated message. Is anyone there?",
        "I am on holiday until Monday and the parcel never came",
        "I am out of patience until you answer.",
        "The payment was declined: why?",
        "My verification code never arrives.",
        "x" * 1_000 + "\nThis is an automated message",
    ],
)
def test_a_customer_may_write_about_machines(text: str) -> None:
    assert machine_of(text) is None
