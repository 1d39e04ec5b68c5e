-- name: put
-- Receipts as they came, durable before the gateway acknowledges them.
insert into receipt_inbox (id, route_id, provider_ref, state, reason, detail, receipt_us, received_us, parked)
select id, route_id, provider_ref, state, reason, detail, receipt_us, received_us, false from batch;

-- name: next
-- Whether anything waits to be folded.
select id from receipt_inbox where not parked limit 1;

-- name: next_parked
-- Whether anything is parked.
select id from receipt_inbox where parked limit 1;

-- name: take
-- The oldest receipts with the message each names, if that is awaited.
select r.id as receipt_id, r.state, r.reason, r.detail, r.receipt_us, o.message_id as id, o.task_id, o.account_id,
    o.dispatch_id, o.country, o.held_micro, t.charge_on
from (select * from receipt_inbox where not parked order by id limit $1) as r
left join outstanding as o on o.route_id = r.route_id and o.provider_ref = r.provider_ref
left join task as t on t.id = o.task_id;


-- name: remove
-- Receipts that were folded.
delete from receipt_inbox where id in (select receipt_id from batch);

-- name: take_back
-- Parked receipts that came a moment ago: their submit answer may be recorded now.
update receipt_inbox set parked = false where parked and received_us >= $1;

-- name: park
-- Receipts that name no awaited message (yet).
update receipt_inbox set parked = true where id in (select receipt_id from batch);

-- name: parked_awaited
-- Parked receipts whose submit answer has arrived meanwhile.
select r.id as receipt_id, r.state, r.reason, r.detail, r.receipt_us, o.message_id as id, o.task_id, o.account_id,
    o.dispatch_id, o.country, o.held_micro, t.charge_on
from receipt_inbox as r
join outstanding as o on o.route_id = r.route_id and o.provider_ref = r.provider_ref
join task as t on t.id = o.task_id
where r.parked order by r.id limit $1;


-- name: parked_late
-- Parked receipts of messages that are final already ($1 received since, $2 received before, $3 created since).
select r.id as receipt_id, r.state, r.receipt_us, m.id as message_id, m.state as message_state
from receipt_inbox as r
join message as m on m.route_id = r.route_id and m.provider_ref = r.provider_ref
where r.parked and r.received_us >= $1 and r.received_us <= $2 and m.created_us >= $3
  and m.state in ('delivered', 'failed', 'expired', 'cancelled')
order by r.id limit $4;

-- name: record_late
-- What a later receipt said; the first such stays.
update message set late_state = batch.state, late_us = batch.receipt_us
from batch where message.id = batch.message_id and message.late_state is null
returning message.task_id, message.late_state;

-- name: count_late
-- Deliveries that were reported after the credit had been returned.
update task set late_delivered = task.late_delivered + batch.late_delivered
from batch where task.id = batch.task_id;

-- name: drop_old
-- Nobody claimed these within a day.
delete from receipt_inbox where parked and received_us < $1 returning id;

-- name: overdue
-- Submitted or in doubt for longer than the deadline; the oldest first.
select m.id from message as m join task as t on t.id = m.task_id
where t.state in ('sending', 'sent') and m.state in ('submitted', 'in_doubt')
  and coalesce(m.submitted_us, t.started_us) <= $1
order by m.id limit $2;
