-- name: insert_quote
-- What was quoted, until it expires.
insert into quote (key, account_id, member_id, route_id, price_version, digest, cost_micro, created_us, expires_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: quote
-- A quote of this account.
select * from quote where key = $1 and account_id = $2;

-- name: use_quote
-- A quote makes one task.
update quote set task_id = $2 where key = $1 and task_id is null returning key;

-- name: drop_old_quotes
-- Quotes nobody accepted.
delete from quote where task_id is null and expires_us < $1;

-- name: insert
-- A new task; its messages follow in the same transaction.
insert into task (id, account_id, member_id, route_id, name, sender, content, file_name, state, price_version, count_rule,
    charge_on, terms_version, first_message, recipients, rejected_rows, sms, parts, hold_tx, held_micro, charged_micro,
    returned_micro, submitted, delivered, failed, expired, cancelled, in_doubt, late_delivered, cancel_requested,
    zone, scheduled_us, created_us, due_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, 0,
    0, 0, 0, 0, 0, 0, 0, 0, false, $21, $22, $23, $24);

-- name: insert_countries
-- The accepted quote by country.
insert into task_country (task_id, country, recipients, sms, price_micro, held_micro, delivered, failed, charged_micro)
select $1::bigint, country, recipients, sms, price_micro, cost_micro, 0, 0, 0 from batch;

-- name: of_account
-- A task of this account.
select * from task where id = $1 and account_id = $2;

-- name: one
-- A task of any account.
select * from task where id = $1;

-- name: request_cancel
-- From now on nothing more of it is handed over.
update task set cancel_requested = true, paused_us = null where id = $1;

-- name: unsettled
-- Messages of a task that are neither final nor in doubt.
select recipients - delivered - failed - expired - cancelled - in_doubt as open, state from task where id = $1;

-- name: test_outcome
-- The one message of a route's test, in the operator's own account.
select m.route_id, m.msisdn, m.state, m.reason, m.detail, m.provider_ref, m.created_us, m.submitted_us, m.final_us,
    c.name as carrier_name
from task as t
join message as m on m.task_id = t.id and m.id = t.first_message
left join route as c on c.id = m.carrier_id
where t.id = $1 and t.account_id = $2 and t.recipients = 1;
-- name: add_part
-- One of the tasks a quote was split into.
insert into quote_task (quote_key, position, task_id) values ($1, $2, $3);

-- name: parts_of
-- The tasks a quote was split into, in order.
select task_id from quote_task where quote_key = $1 order by position;

-- name: queue_of_route
-- What a route has to send, now or later.
select due_us, parts, recipients, submitted, delivered, failed, expired, cancelled
from task where route_id = $1 and state in ('scheduled', 'queued', 'sending') and not cancel_requested;
