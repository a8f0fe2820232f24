"""Real questions of bank customers, out of BANKING77, and what their intents are in two taxonomies.

Intents that several or none of a taxonomy's categories fit are left out of it.
"""

import csv
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parents[1] / "data" / "banking77.csv"

with _FILE.open(encoding="utf-8", newline="") as file:
    #: Question and intent.
    QUESTIONS: Final = [(row["text"], row["category"]) for row in csv.DictReader(file)]

_FAILED: Final = (
    *("declined_card_payment", "declined_transfer", "failed_transfer", "declined_cash_withdrawal", "top_up_failed"),
)
_FRAUD: Final = (
    *("compromised_card", "card_payment_not_recognised", "cash_withdrawal_not_recognised"),
    *("direct_debit_payment_not_recognised", "lost_or_stolen_card"),
)
_REFUND: Final = ("request_refund", "Refund_not_showing_up")
_LOCKED: Final = ("pin_blocked", "passcode_forgotten")
_WRONG: Final = ("extra_charge_on_statement", "card_payment_fee_charged", "wrong_amount_of_cash_received")
_DELIVERY: Final = ("card_arrival", "card_delivery_estimate")
_INQUIRIES: Final = (
    *("age_limit", "apple_pay_or_google_pay", "atm_support", "automatic_top_up", "card_acceptance"),
    *("country_support", "edit_personal_details", "exchange_rate", "fiat_currency_support", "getting_spare_card"),
    *("getting_virtual_card", "supported_cards_and_currencies", "top_up_limits", "transfer_timing"),
    "visa_or_mastercard",
)

#: System B's categories.
INCIDENT_OF: Final = {
    "transaction_charged_twice": "duplicate_payment",
    **dict.fromkeys(_FAILED, "failed_payment"),
    **dict.fromkeys(_FRAUD, "fraud_report"),
    **dict.fromkeys(_REFUND, "refund_request"),
    **dict.fromkeys(_LOCKED, "account_locked"),
    **dict.fromkeys(_WRONG, "statement_error"),
    **dict.fromkeys((*_DELIVERY, *_INQUIRIES), "other"),
}

#: The default preset's categories.
CATEGORY_OF: Final = {
    **dict.fromkeys(("transaction_charged_twice", *_FAILED, *_REFUND, *_WRONG), "billing"),
    **dict.fromkeys(("cash_withdrawal_charge", "transfer_fee_charged", "card_payment_wrong_exchange_rate"), "billing"),
    **dict.fromkeys((*_FRAUD, "lost_or_stolen_phone"), "security"),
    **dict.fromkeys((*_LOCKED, "edit_personal_details", "terminate_account", "unable_to_verify_identity"), "account"),
    **dict.fromkeys(_DELIVERY, "delivery"),
}
