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
    "not_found": "There is no such {what} here. Check its number, or open it from the list.",
    "login_failed": "That did not work. Check your user name and password, and that you have registered. "
    "If it still fails, contact support.",
    "login_locked": "Too many failed attempts. Wait {minutes} minutes, then try again.",
    "account_pending": "Your account is waiting for approval by staff. You will be able to log in after that.",
    "account_suspended": "Your account is suspended. Contact support.",
    "session_ended": "Your session has ended. Log in again.",
    "setup_done": "The first administrator exists already. Log in instead.",
    "setup_token": "This set-up link is not valid. Use the newest link that the server printed when it started.",
    "too_many_attempts": "Too many new people from here within the hour. Wait {minutes} minutes, then try again.",
    "factor_needed": "Your sign-in needs a second step first. Reload the page and set it up.",
    "factor_wrong": "That code did not work. Use the newest code of your app, each only once, or a recovery code.",
    "factor_expired": "The time for the code is over. Log in again with your password.",
    "factor_on": "The second step is on already. Turn it off first to set up another device.",
    "factor_off": "The second step is not on.",
    "link_invalid": "This link has expired, was used or was withdrawn. Ask whoever gave it to you for a new one.",
    "too_many_links": "{limit} invitations are open. Withdraw one, or wait until one is used.",
    "team_full": "An account can have at most {limit} members. Remove somebody first.",
    "last_owner": "An account needs at least one {role}. Give that role to somebody else first.",
    "taken": "This {what} is already in use. Choose another one, or log in.",
    "weak_password": "The password needs at least {least} characters and must not be common. Choose a longer one.",
    "read_only": "You are viewing this account as its people see it, and nothing can be changed. Leave the view first.",
    # One field of a form: facts name the field, the place and the remedy.
    "invalid": "{field}: {problem} {remedy}",
    # Several fields of a form, a line each.
    "several": "{problems}",
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
    "opted_out_since": "{recipients} opted out since this quote was made, so nothing was sent. "
    "Check the new quote and accept again.",
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
    # Cases.
    "cases_daily": "Your account opened {limit} cases in 24 hours. Add to one of them, or wait until tomorrow.",
    "too_many_cases": "{limit} of your cases are open already. Add to one of them, or close what is settled.",
    "case_full": "This case has {limit} entries, which is the most. Open a new one and name this one in it.",
    # Contact lists, templates, opt-outs.
    "too_many_kept": "An account can keep at most {limit} {what}. Delete what you no longer need.",
    "list_full": "A contact list holds at most {limit} contacts; with this file it would be {count}. "
    "Use another list for some of them.",
    "account_limit": "Your account sends {limit} at most; this is {asked}. "
    "Send to fewer recipients, or ask staff to raise the limit.",
    "account_day_limit": "Your account sends at most {limit} SMS a day; {used} were accepted in the last 24 hours "
    "and this needs {asked} more. Send the rest later, or ask staff to raise the limit.",
    "account_country": "Your account may not send to {countries}. Remove those numbers, or ask staff to open them.",
    "sender_not_approved": "Sender ID “{value}” is not approved for your account ({state}). "
    "Ask for it on the page Sender IDs, leave it empty, or use an approved one.",
    "sender_asked": "Sender ID “{value}” is {state} already.",
    "too_many_senders": "An account can have {limit} sender IDs at most. Ask staff to help.",
    "terms_changed": "The terms were changed meanwhile (now {version}). Read the new terms and accept again.",
    # Records.
    "too_many_to_export": "The selection has more than {limit} rows. Choose a shorter period or a narrower filter.",
    "too_many_for_xlsx": "A spreadsheet can have at most {limit} rows here. Choose CSV, or a shorter period.",
    "too_many_for_pdf": "The statement has {count} movements; a PDF holds {limit}. Choose Excel, or a shorter period.",
    "statement_differs": "This statement does not add up, so it was not written. Tell staff; nothing is lost.",
    # Money.
    "amount": "{amount} is not an amount that can be booked. Use a number above 0 with at most 6 decimals.",
    "amount_missing": "Type an amount.",
    "reason_missing": "Give a reason: it is shown to the customer and kept in the books.",
    "key_reused": "This request was already made with other values. Reload the page and try again.",
    "already_reversed": "This movement has been reversed already.",
    # Top-ups.
    "topup_amount": "Ask for whole credits, at least {least} and at most {most}.",
    "topup_money": "{money} is not an amount of money. Use digits, with at most {decimals} decimals after a point.",
    "topup_little": "{money} is too little: the smallest top-up is {least} credits for {least_money}.",
    "topup_price": "{price} is not a price. Use digits above 0, with at most {decimals} decimals after a point.",
    "topup_from": "{value} is not an amount of credits. Use a whole number from 1 to {most}.",
    "topup_tiers": "Row {row} of the prices: {problem}",
    "topup_price_changed": "The price has changed while you were here, so nothing was requested. Check the new price "
    "and ask again.",
    "topup_open": "{limit} of your requests are open, which is the most. Withdraw one, or wait until staff decide.",
    "topup_daily": "You have made {limit} requests within a day, which is the most. Try again tomorrow.",
    "topup_closed": "This request is {state} already; nothing was changed. Reload the page to see it.",
    "topup_second_person": "You have approved this request already. A second, different member of staff must approve.",
    "changed_meanwhile": "Somebody else has saved a newer version meanwhile. Reload the page and make your change "
    "there.",
    "document_empty": "The file has nothing in it. Choose the receipt again.",
    "document_size": "The file is {size_mb} MB; the most is {limit_mb} MB. Save the receipt smaller or as a PDF.",
    "document_kind": "This is not a PNG, JPEG or PDF file, whatever its name says. Take a picture or save it as PDF.",
    "document_count": "This request has {limit} documents already, which is the most.",
    # Routes and gateways.
    "gateway_url": "The gateway address “{url}” cannot be used: {problem}",
    "price": "“{value}” is not a price. Use credits per SMS, for example 1.20.",
    "price_file": "The price list cannot be read: {problem} Use a CSV file with the columns country and price.",
    "codes_file": "The list of codes cannot be read: {problem} "
    "Use a CSV file with the columns code, meaning and reason.",
    "prices_changed": "Somebody else saved prices meanwhile (version {version}). Look at them, then enter yours again.",
    "price_in_force": "Version {version} is in force or withdrawn already. Save a new version instead.",
    "route_default": "“{route}” is the default route: it has to be open. Make another open route the default first.",
    "too_many_tests": "More than {limit} test messages in a minute. Wait a moment, then try again.",
    # Store and server.
    "store_busy": "The database is in use by process {pid}. Stop that server first, or use its web pages.",
    "store_failed": "The database could not be opened: {detail}",
    "store_stuck": "The database was busy for too long: {detail}. Nothing was changed. Try again.",
    "backup_failed": "The backup could not be written: {detail}. Make room, or allow this program to write there.",
    "backup_memory": "This database is only in memory and cannot be copied. Set IMS_URL to a file.",
    "backup_bad": "The backup “{name}” cannot be used: {detail} Nothing was changed.",
    "backup_exists": "There is a file “{name}” already. Choose another name.",
    "job_not_failed": "This job is not failed any more. Reload the page.",
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
