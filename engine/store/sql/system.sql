-- name: jobs
-- What is due and what runs it: failed first, then running, then waiting by time.
select id, key, name, state, attempts, last_error, run_us, created_us from job where state <> 'done'
order by case state when 'failed' then 0 when 'running' then 1 else 2 end, run_us, id
limit $1;

-- name: job_counts
-- Jobs by state.
select state, count(*) as jobs from job group by state;

-- name: retry_job
-- A failed job begins anew.
update job set state = 'waiting', attempts = 0, run_us = $2 where id = $1 and state = 'failed' returning key;

-- name: drop_job
-- A failed job is given up.
delete from job where id = $1 and state = 'failed' returning key;

-- name: oldest_unsent
-- Where messages begin that may not be sent yet.
select min(first_message) as id from task where state in ('scheduled', 'queued', 'sending');

-- name: queues
-- Messages not sent yet, from the id $1 on: by route, waiting for their time or the route, or in flight.
select m.route_id, count(*) filter (where m.state = 'queued' and t.state = 'scheduled') as scheduled,
    count(*) filter (where m.state = 'queued' and t.state <> 'scheduled') as queued,
    count(*) filter (where m.state = 'submitting') as in_flight
from message m join task t on t.id = m.task_id
where m.id >= $1 and m.state in ('queued', 'submitting')
group by m.route_id;

-- name: awaited
-- Receipts that are awaited, by route.
select route_id, count(distinct message_id) as awaited, min(submitted_us) as oldest_us from outstanding group by route_id;

-- name: parked
-- Receipts that name no message (yet), by route.
select route_id, count(*) as parked from receipt_inbox where parked group by route_id;

-- name: routes
-- Every route with its health.
select id, name, enabled, down_since_us, last_error from route order by id;

-- name: note_size
-- How large the database is today.
insert into database_size (day, bytes) values ($1, $2) on conflict (day) do update set bytes = excluded.bytes;

-- name: sizes
-- Sizes since the day $1.
select day, bytes from database_size where day >= $1 order by day;
