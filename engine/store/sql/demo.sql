-- name: owner
-- The person of the demo account.
select id, account_id from member where user_name = $1;

-- name: insert_messages
-- Final messages of one task, one SMS each.
insert into message (id, task_id, account_id, route_id, dispatch_id, row_number, msisdn, country, sms, parts,
    price_micro, held_micro, charged_micro, state, reason, provider_ref, settle_tx, created_us, submitted_us, final_us)
select id, $1::bigint, $2::bigint, $3::bigint, $4::bigint, row_number, msisdn, country, 1, 1,
    price_micro, held_micro, charged_micro, state, reason, concat('demo-', id), settle_tx, $5::bigint, submitted_us, final_us
from batch order by id;

-- name: insert_task
-- A finished task with the counters of its messages.
insert into task (id, account_id, member_id, route_id, name, sender, content, file_name, state, price_version, count_rule,
    charge_on, terms_version, first_message, recipients, rejected_rows, sms, parts, hold_tx, held_micro, charged_micro,
    returned_micro, submitted, delivered, failed, expired, cancelled, in_doubt, late_delivered, cancel_requested,
    zone, scheduled_us, created_us, due_us, started_us, finished_us)
select $1, $2, $3, $4, $5, $6, $7, 'customers.csv', 'finished', $8, '160', 'delivered', $9, $10, $11, 0, count(*), count(*),
    $12, sum(held_micro), sum(charged_micro), sum(held_micro - charged_micro), count(*),
    count(*) filter (where state = 'delivered'), count(*) filter (where state = 'failed'),
    count(*) filter (where state = 'expired'), 0, 0, 0, false, 'UTC', null, $13, $13, $13, $14
from message where task_id = $1 and id between $10 and $10 + $11 - 1;

-- name: insert_countries
-- The quote by country with what became of it.
insert into task_country (task_id, country, recipients, sms, price_micro, held_micro, delivered, failed, charged_micro)
select task_id, country, count(*), count(*), max(price_micro), sum(held_micro),
    count(*) filter (where state = 'delivered'), count(*) filter (where state <> 'delivered'), sum(charged_micro)
from message where task_id = $1 and id between $2 and $3 group by task_id, country;

-- name: insert_dispatch
-- The one run of a demo task.
insert into dispatch (id, task_id, account_id, route_id, state, messages, submitted, delivered, failed, held_micro,
    charged_micro, returned_micro, started_us, finished_us)
select $1, id, account_id, route_id, 'finished', recipients, submitted, delivered, failed + expired, held_micro,
    charged_micro, returned_micro, started_us, finished_us
from task where id = $2;
