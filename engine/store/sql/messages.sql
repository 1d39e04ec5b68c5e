-- name: insert
-- New messages of one task, in the order of the file.
insert into message (id, task_id, account_id, route_id, row_number, msisdn, country, content, sms, parts, price_micro,
    held_micro, charged_micro, state, created_us)
select id, task_id, account_id, route_id, row_number, msisdn, country, content, sms, parts, price_micro,
    held_micro, 0, 'queued', created_us
from batch order by id;

-- name: claim
-- Queued messages of a task in a range of ids, so that whole row groups are skipped.
update message set state = 'submitting', dispatch_id = $2, carrier_id = $5
where task_id = $1 and id between $3 and $4 and state = 'queued'
returning id, msisdn, content, parts, country, held_micro;

-- name: first_queued
-- Where the next claim begins.
select min(id) as id from message where task_id = $1 and id between $2 and $3 and state = 'queued' having min(id) is not null;

-- name: record_submitted
-- The operator has them.
update message set state = 'submitted', provider_ref = batch.provider_ref, submitted_us = $1
from batch where message.id = batch.id and message.state = 'submitting';

-- name: record_parts
-- How many references each has, of those with several.
update message set refs = batch.refs from batch where message.id = batch.id;

-- name: any_unrecorded
-- Whether messages of a task were handed to a gateway whose answer is not recorded yet.
select 1 as yes from message where task_id = $1 and id between $2 and $3 and state = 'submitting' limit 1;

-- name: await_receipts
-- Receipts will name these references.
insert into outstanding (message_id, task_id, account_id, route_id, dispatch_id, country, held_micro, provider_ref,
    submitted_us, refs)
select id, $1::bigint, $2::bigint, $3::bigint, dispatch_id, country, held_micro, provider_ref, $4::bigint, refs
from batch;

-- name: count_handed_over
-- A batch that was answered or lost, in dispatch and task.
with counted as (
    update dispatch set messages = messages + $2, held_micro = held_micro + $3, submitted = submitted + $4
    where id = $1 returning id
)
update task set submitted = submitted + $4 where id = $5;

-- name: requeue
-- Nothing was written to the wire: free to be claimed again.
update message set state = 'queued', dispatch_id = null, carrier_id = null
from batch where message.id = batch.id and message.state = 'submitting';

-- name: doubt
-- The outcome is unknown.
update message set state = 'in_doubt', reason = $1, detail = $2, doubt_us = $3
from batch where message.id = batch.id and message.state = 'submitting'
returning message.task_id;

-- name: doubt_interrupted
-- After a crash: the outcome of what was being submitted is unknown.
update message set state = 'in_doubt', reason = $1, detail = 'the server stopped while sending', doubt_us = $2
where state = 'submitting' returning task_id, dispatch_id, held_micro;

-- name: count_interrupted
-- What an interrupted run had taken on.
update dispatch set messages = dispatch.messages + batch.messages, held_micro = dispatch.held_micro + batch.held_micro
from batch where dispatch.id = batch.dispatch_id;

-- name: count_doubt
-- Messages that entered doubt.
update task set in_doubt = task.in_doubt + batch.in_doubt from batch where task.id = batch.task_id;

-- name: queued_ids
-- What was not handed over yet.
select id from message where task_id = $1 and id between $2 and $3 and state = 'queued' order by id;

-- name: to_finish
-- The batch as it is now, without what is final.
select m.id, m.task_id, m.account_id, m.dispatch_id, m.country, m.held_micro, m.charged_micro, m.settle_tx,
    m.state as old_state
from message as m join batch on m.id = batch.id
where m.state not in ('delivered', 'failed', 'expired', 'cancelled');

-- name: finish
-- Final state and settlement, in one write; a message that is settled already keeps its settlement.
update message set state = batch.state, reason = batch.reason, detail = batch.detail, final_us = batch.final_us,
    charged_micro = case when message.settle_tx is null then batch.charged_micro else message.charged_micro end,
    settle_tx = coalesce(message.settle_tx, batch.settle_tx)
from batch where message.id = batch.id;

-- name: settle_accepted
-- Charged when the operator accepted it.
update message set settle_tx = $1, charged_micro = message.held_micro from batch where message.id = batch.id;

-- name: forget_outstanding
-- Their receipt came, or is not awaited any more.
delete from outstanding where message_id in (select id from batch);

-- name: count_task
-- A batch of endings, per task; a task is finished when every message is final.
update task set delivered = task.delivered + batch.delivered, failed = task.failed + batch.failed,
    expired = task.expired + batch.expired, cancelled = task.cancelled + batch.cancelled,
    in_doubt = task.in_doubt - batch.left_doubt, charged_micro = task.charged_micro + batch.charged_micro,
    returned_micro = task.returned_micro + batch.returned_micro,
    finished_us = case when task.recipients = task.delivered + task.failed + task.expired + task.cancelled
        + batch.delivered + batch.failed + batch.expired + batch.cancelled then $1::bigint else task.finished_us end,
    state = case when task.cancelled + batch.cancelled = task.recipients then 'cancelled'
        when task.recipients = task.delivered + task.failed + task.expired + task.cancelled
        + batch.delivered + batch.failed + batch.expired + batch.cancelled then 'finished' else task.state end
from batch where task.id = batch.task_id;

-- name: count_country
-- A batch of endings, per country of a task.
update task_country set delivered = task_country.delivered + batch.delivered,
    failed = task_country.failed + batch.failed, charged_micro = task_country.charged_micro + batch.charged_micro
from batch where task_country.task_id = batch.task_id and task_country.country = batch.country;

-- name: count_dispatch
-- A batch of endings, per dispatch; one that handed everything over is finished when all it took on is final.
update dispatch set delivered = dispatch.delivered + batch.delivered, failed = dispatch.failed + batch.failed,
    charged_micro = dispatch.charged_micro + batch.charged_micro,
    returned_micro = dispatch.returned_micro + batch.returned_micro,
    finished_us = case when dispatch.state = 'sent' and dispatch.messages = dispatch.delivered + dispatch.failed
        + batch.delivered + batch.failed then $1::bigint else dispatch.finished_us end,
    state = case when dispatch.state = 'sent' and dispatch.messages = dispatch.delivered + dispatch.failed
        + batch.delivered + batch.failed then 'finished' else dispatch.state end
from batch where dispatch.id = batch.dispatch_id;

