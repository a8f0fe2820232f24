"""Which of system B's categories an intent of BANKING77 is. Intents that several or none of them fit are left out."""

from typing import Final

INCIDENT_OF: Final = {
    "transaction_charged_twice": "duplicate_payment",
    **dict.fromkeys(
        ("declined_card_payment", "declined_transfer", "failed_transfer", "declined_cash_withdrawal", "top_up_failed"),
        "failed_payment",
    ),
    **dict.fromkeys(
        (
            *("compromised_card", "card_payment_not_recognised", "cash_withdrawal_not_recognised"),
            *("direct_debit_payment_not_recognised", "lost_or_stolen_card"),
        ),
        "fraud_report",
    ),
    **dict.fromkeys(("request_refund", "Refund_not_showing_up"), "refund_request"),
    **dict.fromkeys(("pin_blocked", "passcode_forgotten"), "account_locked"),
    **dict.fromkeys(
        ("extra_charge_on_statement", "card_payment_fee_charged", "wrong_amount_of_cash_received"), "statement_error"
    ),
    **dict.fromkeys(
        (
            *("age_limit", "apple_pay_or_google_pay", "atm_support", "automatic_top_up", "card_acceptance"),
            *("card_arrival", "card_delivery_estimate", "country_support", "edit_personal_details"),
            *("exchange_rate", "fiat_currency_support", "getting_spare_card", "getting_virtual_card"),
            *("supported_cards_and_currencies", "top_up_limits", "transfer_timing", "visa_or_mastercard"),
        ),
        "other",
    ),
}
