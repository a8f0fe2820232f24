"""Which of our articles answers a question of BANKING77, by its intent. Intents that none answers are not in it.

The articles were written for the intents, not for the questions.
"""

from pathlib import Path
from typing import Final

from tests.unit.banking import QUESTIONS

ARTICLES: Final = Path(__file__).parent / "articles"
_INTENTS: Final = {
    "cards/delivery": "card_arrival card_delivery_estimate",
    "cards/activate": "activate_my_card",
    "cards/pin": "pin_blocked change_pin",
    "cards/passcode": "passcode_forgotten",
    "cards/lost": "lost_or_stolen_card compromised_card",
    "cards/virtual": (
        "getting_virtual_card get_disposable_virtual_card disposable_card_limits virtual_card_not_working"
    ),
    "cards/wallets": "apple_pay_or_google_pay",
    "cards/contactless": "contactless_not_working",
    "cards/swallowed": "card_swallowed",
    "cards/expiry": "card_about_to_expire",
    "cards/order": "order_physical_card getting_spare_card",
    "cards/acceptance": "card_acceptance visa_or_mastercard atm_support",
    "money/declined": "declined_card_payment",
    "money/pending": "pending_card_payment pending_transfer pending_cash_withdrawal cancel_transfer",
    "money/transfers": (
        "transfer_timing transfer_not_received_by_recipient failed_transfer declined_transfer beneficiary_not_allowed"
    ),
    "money/top-up": (
        "top_up_failed top_up_reverted top_up_limits automatic_top_up topping_up_by_card "
        "top_up_by_card_charge top_up_by_bank_transfer_charge"
    ),
    "money/cash-cheque": "balance_not_updated_after_cheque_or_cash_deposit top_up_by_cash_or_cheque",
    "money/exchange": (
        "exchange_rate exchange_via_app exchange_charge fiat_currency_support "
        "card_payment_wrong_exchange_rate wrong_exchange_rate_for_cash_withdrawal"
    ),
    "money/fees": (
        "extra_charge_on_statement card_payment_fee_charged cash_withdrawal_charge transfer_fee_charged "
        "transaction_charged_twice"
    ),
    "money/refunds": "request_refund Refund_not_showing_up",
    "money/unrecognised": (
        "card_payment_not_recognised cash_withdrawal_not_recognised direct_debit_payment_not_recognised"
    ),
    "account/identity": "verify_my_identity why_verify_identity unable_to_verify_identity verify_source_of_funds",
    "account/details": "edit_personal_details",
    "account/close": "terminate_account",
    "account/who": "age_limit country_support",
}
_ARTICLE_OF: Final = {intent: article for article, intents in _INTENTS.items() for intent in intents.split()}

#: Each question with its article, None where there is none.
LABELLED: Final = [(text, _ARTICLE_OF.get(intent)) for text, intent in QUESTIONS]
