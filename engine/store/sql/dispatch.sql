-- name: begin_task
-- A due task starts sending; one that was cancelled, paused, put off to after $3 or runs already is left alone.
update task set state = 'sending', started_us = coalesce(started_us, $2)
where id = $1 and state in ('scheduled', 'queued') and paused_us is null
  and (cast($3 as bigint) is null or due_us <= $3);

-- name: busy_routes
-- Routes that have messages to send, their own or another's, or whose receipts are awaited, or with a run to close; and
-- the open ones with a connection that phones can answer on ($1: whether those count).
select route_id from task where state in ('sending', 'sent')
union
select coalesce(carrier_id, route_id) as route_id from dispatch where state = 'running'
union
select takeover_id as route_id from route where taken_over_us is not null and takeover_id is not null
union
select carrier_id as route_id from dispatch where carrier_id is not null and state <> 'finished'
union
select id as route_id from route where $1 and enabled and (gateway like 'smpp://%' or gateway like 'smpps://%');

-- name: sending_tasks
-- What a route has to send, of routes it has taken over too; `held_back` is paused by the customer, or of an account
-- that is not active, or left to the route that took over because too little arrived.
select t.id, t.account_id, t.route_id, t.content, t.sender, t.charge_on, t.first_message, t.recipients,
    t.paused_us is not null or a.status <> 'active'
    or (t.route_id = $1 and r.taken_over_us is not null and r.down_since_us is null) as held_back
from task as t
join account as a on a.id = t.account_id
join route as r on r.id = t.route_id
where t.state = 'sending' and (t.route_id = $1 or (r.takeover_id = $1 and r.taken_over_us is not null))
order by t.id;

-- name: running
-- The dispatch of a task through a route's gateway that is under way.
select id from dispatch where task_id = $1 and coalesce(carrier_id, route_id) = $2 and state = 'running';

-- name: insert
-- One run of a task through a gateway begins.
insert into dispatch (id, task_id, account_id, route_id, state, messages, submitted, delivered, failed, held_micro,
    charged_micro, returned_micro, started_us, carrier_id)
values ($1, $2, $3, $4, 'running', 0, 0, 0, 0, 0, 0, 0, $5, $6);

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

-- name: takeovers
-- Routes that another may take over, how they and that other do, and what became of messages of runs begun since $1.
select r.id, r.name, r.takeover_id, r.takeover_after_s, r.takeover_below, r.down_since_us, r.taken_over_us,
    r.taken_over_why,
    o.name as other_name, o.down_since_us is not null or o.taken_over_us is not null as other_is_out,
    coalesce(d.delivered, 0) as delivered, coalesce(d.failed, 0) as failed
from route as r
join route as o on o.id = r.takeover_id
left join (
    select route_id, sum(delivered) as delivered, sum(failed) as failed
    from dispatch where started_us >= $1 and carrier_id is null group by route_id
) as d on d.route_id = r.id
order by r.id;

-- name: taken_over
-- Routes that another carries for, though nobody is to any more.
select id from route where taken_over_us is not null and takeover_id is null;
