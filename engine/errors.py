"""One tree of errors: a code for programs, a sentence for people that says what to do."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    # Recipient files (code = `error.code` of `python -m engine check --json`).
    "extension": "“{name}” is not a file type that can be read. Save it as .csv, .xlsx or .txt and upload it again.",
    "extension_mismatch": "“{name}” is really a {actual} file. Save the list as .csv or .xlsx and upload that.",
    "file_name": "The file name has characters that are not allowed. Rename the file with letters and digits only.",
    "too_large": "The file is {size_mb} MB; the most is {limit_mb} MB. Split it into smaller files.",
    "too_many_rows": "The file has more than {limit} recipients. Split it and send it as several tasks.",
    "empty": "The file has nothing in it. Put the numbers below a header in row 1 and upload it again.",
    "no_recipients": "No phone numbers were found. Name the column “phone” and put the numbers, "
    "with full country codes, below it.",
    "encoding": "The text of the file cannot be read ({detail}). Save it as “CSV UTF-8” and upload it again.",
    "binary": "The file is not text although its name says so. Export the list again as .csv or .xlsx.",
    "malformed": "The file is broken at row {row}: {detail}. Correct that place and upload it again.",
    "choose_column": "Several columns hold phone numbers: {columns}. Choose the one to send to.",
    "damaged": "The spreadsheet is damaged and cannot be opened. Save it again in your spreadsheet program.",
    "macros": "Spreadsheets with macros are not accepted. Save it as .xlsx without macros.",
    "password": "The spreadsheet is protected by a password. Remove the password and save it again.",
    "zip_bomb": "The spreadsheet unpacks to far more than it should and was not opened. Save it again as .csv.",
    "unsupported": "This kind of file cannot be read here ({detail}). Save it as .csv or .xlsx.",
    # Sign-in, roles and ownership.
    "forbidden": "Your role ({role}) may not do this. Ask the owner of your account.",
    "not_found": "There is no such {what}, or it belongs to another account.",
    "login_failed": "That did not work. Check your user name and password, and that you have registered. "
    "If it still fails, contact support.",
    "login_locked": "Too many failed attempts. Wait {minutes} minutes, then try again.",
    "account_pending": "Your account is waiting for approval by staff. You will be able to log in after that.",
    "account_suspended": "Your account is suspended. Contact support.",
    "session_ended": "Your session has ended. Log in again.",
    "setup_done": "The first administrator exists already. Log in instead.",
    "setup_token": "This set-up link is not valid. Use the newest link that the server printed when it started.",
    "taken": "This {what} is already in use. Choose another one, or log in.",
    "weak_password": "The password needs at least {least} characters and must not be common. Choose a longer one.",
    # One field of a form: facts name the field, the place and the remedy.
    "invalid": "{field}: {problem} {remedy}",
    # Sending.
    "content": "The message cannot be sent as it is: {detail}",
    "placeholder": "The file has no column “{name}”. Its columns are: {columns}.",
    "sender": "Sender ID “{value}”: {problem}",
    "no_valid_recipients": "None of the recipients can be sent to. Correct the rejected rows and try again.",
    "too_many_recipients": "{count} recipients are more than the {limit} this page sends at once. "
    "Use Bulk SMS for larger lists.",
    "too_many_parts": "The message is {sms} SMS long; the most is {limit}. Shorten it.",
    "route_closed": "The route “{route}” is not available. Choose another one.",
    "country_closed": "The route “{route}” does not reach {countries}. Remove those numbers or choose another route.",
    "insufficient_credit": "This needs {needed} credits; {available} are available. "
    "Top up, or send to fewer recipients.",
    "quote_expired": "The quote is older than {minutes} minutes. Check the new price and accept again.",
    "quote_mismatch": "What you accept is not what was quoted. Check the new quote and accept again.",
    "quote_unknown": "There is no such quote for your account. Submit the form again.",
    "past": "The time {when} has passed. Choose a later one.",
    "too_far": "A task can be scheduled at most {days} days ahead. Choose an earlier time.",
    "not_cancellable": "This task is {state} and can no longer be cancelled.",
    "not_pausable": "This task is {state}: nothing of it is left to pause. Look at the task again.",
    "not_editable": "This task is {state}; only one that waits for its time can be changed. Copy it to a new one.",
    "nothing_to_resend": "No message of this task is left to send again. Look at its messages in the SMS history list.",
    "resend_changed": "Some of these recipients were reached or sent to again meanwhile. Close this and ask anew.",
    "doubt_unconfirmed": "Messages in doubt may have arrived. Confirm that their recipients may get the text twice.",
    "sending_stopped": "Sending is stopped because the books do not add up. Staff have been told; nothing is lost.",
    # Records.
    "too_many_to_export": "The selection has more than {limit} rows. Choose a shorter period or a narrower filter.",
    "too_many_for_xlsx": "A spreadsheet can have at most {limit} rows here. Choose CSV, or a shorter period.",
    # Money.
    "amount": "{amount} is not an amount that can be booked. Use a number above 0 with at most 6 decimals.",
    "reason_missing": "Give a reason: it is shown to the customer and kept in the books.",
    "key_reused": "This request was already made with other values. Reload the page and try again.",
    "already_reversed": "This movement has been reversed already.",
    # Routes and gateways.
    "gateway_url": "The gateway address “{url}” cannot be used: {problem}",
    "price": "“{value}” is not a price. Use credits per SMS, for example 1.20.",
    # Store and server.
    "store_busy": "The database is in use by process {pid}. Stop that server first, or use its web pages.",
    "store_failed": "The database could not be opened: {detail}",
    "store_version": "The database was written by a newer version (schema {found}, this program knows {known}).",
    "setting": "The setting {name} has the value “{value}”: {problem}",
}


class ImsError(Exception):
    """Any refusal the product explains. `code` is stable; `str()` is the sentence; `facts` fill it."""

    def __init__(self, code: str, /, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(SENTENCES[code].format(**facts))

    @property
    def message(self) -> str:
        return str(self)


class FileError(ImsError):
    """A recipients file that cannot be read as a whole."""


class InputError(ImsError):
    """Something typed or chosen that cannot be accepted; nothing was changed."""


class AccessError(ImsError):
    """The actor may not do or see this, or is not signed in."""


class MoneyError(ImsError):
    """A movement of credit that is refused; no entry was written."""


class StateError(ImsError):
    """The thing exists but is past the point where this can be done."""


class StoreError(ImsError):
    """The database cannot be used."""


class SettingError(ImsError):
    """A setting (environment variable) with a value that cannot be used."""
