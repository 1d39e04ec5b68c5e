-- name: account_kind
-- Whether an account is a customer's.
select kind from account where id = $1;

-- name: by_key
-- Whether a movement with this key was booked.
select id from ledger_tx where key = $1;
