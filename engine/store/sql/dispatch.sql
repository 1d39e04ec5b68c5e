-- name: begin_task
-- A due task starts sending; one that was cancelled, paused, put off to after $3 or runs already is left alone.
update task set state = 'sending', started_us = coalesce(started_us, $2)
where id = $1 and state in ('scheduled', 'queued') and paused_us is null
  and (cast($3 as bigint) is null or due_us <= $3);

-- name: busy_routes
-- Routes that have messages to send, or whose receipts are awaited, or with a run to close.
select route_id from task where state in ('sending', 'sent')
union
select route_id from dispatch where state = 'running';

-- name: sending_tasks
-- What a route has to send; `held_back` is paused by the customer, or of an account that is not active.
select t.id, t.account_id, t.route_id, t.content, t.sender, t.charge_on, t.first_message, t.recipients,
    t.paused_us is not null or a.status <> 'active' as held_back
from task as t join account as a on a.id = t.account_id
where t.route_id = $1 and t.state = 'sending' order by t.id;

-- name: running
-- The dispatch of a task that is under way.
select id from dispatch where task_id = $1 and state = 'running';

-- name: insert
-- One run of a task through a gateway begins.
insert into dispatch (id, task_id, account_id, route_id, state, messages, submitted, delivered, failed, held_micro,
    charged_micro, returned_micro, started_us)
values ($1, $2, $3, $4, 'running', 0, 0, 0, 0, 0, 0, 0, $5);

-- name: mark_sent
-- A run has handed everything over; it is finished when the receipts are in.
update dispatch set state = case when messages = delivered + failed then 'finished' else 'sent' end,
    finished_us = case when messages = delivered + failed then $2::bigint else null end
where task_id = $1 and state = 'running';

-- name: close_runs
-- Runs of a route whose task ended before they were marked: its last receipt, or a cancellation, came first.
update dispatch set state = case when messages = delivered + failed then 'finished' else 'sent' end,
    finished_us = case when messages = delivered + failed then $2::bigint else null end
where route_id = $1 and state = 'running'
  and task_id in (select id from task where route_id = $1 and state in ('sent', 'finished', 'cancelled'));

-- name: mark_task_sent
-- Nothing is left to hand over; a task that is finished already stays so.
update task set state = $2 where id = $1 and state = 'sending';

-- name: end_interrupted
-- After a crash: runs that were under way have ended; the rest of the task gets another.
update dispatch set state = case when messages = delivered + failed then 'finished' else 'sent' end,
    finished_us = case when messages = delivered + failed then $1::bigint else null end
where state = 'running';

-- name: cancel_requested
-- Whether the customer asked to stop this task.
select id from task where id = $1 and cancel_requested;

-- name: stop_task
-- The operator stopped the whole task; the reason is shown to the customer.
update task set stop_reason = $2 where id = $1;

-- name: outstanding_refs
-- References whose receipts are still awaited, the newest first.
select provider_ref from outstanding where route_id = $1 order by submitted_us desc limit $2;
