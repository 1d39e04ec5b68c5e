-- name: put
-- Receipts as they came, durable before the gateway acknowledges them.
insert into receipt_inbox (id, route_id, provider_ref, state, reason, detail, receipt_us, received_us, parked, msisdn,
    code)
select id, route_id, provider_ref, state, reason, detail, receipt_us, received_us, false, msisdn, code from batch;

-- name: next
-- Whether anything waits to be folded.
select id from receipt_inbox where not parked limit 1;

-- name: next_parked
-- Whether anything is parked.
select id from receipt_inbox where parked limit 1;

-- name: take
-- The oldest receipts with the message each names, if that is awaited. Operators' dates have minutes or seconds only: one
-- that lies before the submit is replaced by when the receipt came.
select r.id as receipt_id, r.state, coalesce(c.reason, r.reason) as reason, r.detail,
    case when r.receipt_us < o.submitted_us then greatest(r.received_us, o.submitted_us) else r.receipt_us end as receipt_us,
    r.provider_ref, r.msisdn, o.message_id as id, o.task_id, o.account_id, o.dispatch_id, o.country, o.held_micro,
    coalesce(o.refs, 1) as refs, t.charge_on
from (select * from receipt_inbox where not parked order by id limit $1) as r
left join outstanding as o on o.route_id = r.route_id and o.provider_ref = r.provider_ref
left join task as t on t.id = o.task_id
left join route_code as c on c.route_id = r.route_id and c.code = r.code;


-- name: to_whom
-- Whom the messages of the batch are for.
select m.id, m.msisdn as to_msisdn from message as m join batch on batch.id = m.id;

-- name: remove
-- Receipts that were folded.
delete from receipt_inbox where id in (select receipt_id from batch);

-- name: take_back
-- Parked receipts that came a moment ago: their submit answer may be recorded now.
update receipt_inbox set parked = false where parked and received_us >= $1;

-- name: park
-- Receipts that name no awaited message (yet).
update receipt_inbox set parked = true where id in (select receipt_id from batch);

-- name: part_delivered
-- One part of a message has arrived; the other references are still awaited.
delete from outstanding using batch
where outstanding.message_id = batch.id and outstanding.provider_ref = batch.provider_ref;

-- name: parts_awaited
-- Messages of the batch that still await a part.
select distinct o.message_id from outstanding as o join batch on batch.id = o.message_id;

-- name: parked_awaited
-- Parked receipts whose submit answer has arrived meanwhile.
select r.id as receipt_id, r.state, coalesce(c.reason, r.reason) as reason, r.detail,
    case when r.receipt_us < o.submitted_us then greatest(r.received_us, o.submitted_us) else r.receipt_us end as receipt_us,
    r.provider_ref, r.msisdn, o.message_id as id, o.task_id, o.account_id, o.dispatch_id, o.country, o.held_micro,
    coalesce(o.refs, 1) as refs, t.charge_on
from receipt_inbox as r
join outstanding as o on o.route_id = r.route_id and o.provider_ref = r.provider_ref
join task as t on t.id = o.task_id
left join route_code as c on c.route_id = r.route_id and c.code = r.code
where r.parked order by r.id limit $1;


-- name: parked_late
-- Parked receipts of messages that are final already ($1 received since, $2 received before, $3 handed over since).
-- Tasks can be scheduled months ahead, so it is not their acceptance that counts.
select r.id as receipt_id, r.state, r.receipt_us, m.id as message_id, m.state as message_state,
    coalesce(m.refs, 1) as refs
from receipt_inbox as r
join message as m on coalesce(m.carrier_id, m.route_id) = r.route_id and m.provider_ref = r.provider_ref
where r.parked and r.received_us >= $1 and r.received_us <= $2
  and m.task_id in (select id from task where finished_us is null or finished_us >= $3)
  and coalesce(m.submitted_us, m.created_us) >= $3
  and m.state in ('delivered', 'failed', 'expired', 'cancelled')
order by r.id limit $4;

-- name: any_nameless
-- Whether a parked receipt says whom it is about, while a message is in doubt.
select 1 as yes from receipt_inbox
where parked and msisdn is not null and received_us <= $1
  and exists (select 1 from task where in_doubt > 0 and state in ('sending', 'sent'))
limit 1;

-- name: parked_doubtful
-- Parked receipts received before $1 whose reference is unknown, and the one message to that number they can be about:
-- in doubt, of one part, the only one of tasks that ended since $2 whose references are not all known. What it tells must
-- have happened since the message was handed over, $4 being the most that an operator's clock is off.
select r.id as receipt_id, r.state, coalesce(c.reason, r.reason) as reason, r.detail, r.receipt_us, m.id, m.task_id, m.account_id, m.dispatch_id,
    m.country, m.held_micro, m.settle_tx is null as unsettled
from receipt_inbox as r
join (
    select min(id) as id, carrier, msisdn
    from (
        select id, coalesce(carrier_id, route_id) as carrier, msisdn from message
        where task_id in (select id from task where finished_us is null or finished_us >= $2)
          and (state in ('in_doubt', 'submitting') or parts > 1)
          and msisdn in (select msisdn from receipt_inbox where parked and msisdn is not null)
    ) as candidate
    group by carrier, msisdn having count(*) = 1
) as only_one on only_one.carrier = r.route_id and only_one.msisdn = r.msisdn
join message as m on m.id = only_one.id
join task as t on t.id = m.task_id
left join route_code as c on c.route_id = r.route_id and c.code = r.code
where r.parked and r.received_us <= $1 and r.received_us >= t.started_us and m.state = 'in_doubt' and m.parts = 1
  and r.receipt_us >= coalesce(m.doubt_us, t.started_us) - $4
order by r.id limit $3;

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
select m.id, m.charged_micro > 0 as charged from message as m join task as t on t.id = m.task_id
where t.state in ('sending', 'sent') and m.state in ('submitted', 'in_doubt')
  and coalesce(m.submitted_us, m.doubt_us, t.started_us) <= $1
order by m.id limit $2;
