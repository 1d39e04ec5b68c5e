-- name: submit
-- A job is known by its key; the same key again changes nothing.
insert into job (id, key, name, args, state, attempts, run_us, created_us)
select $1, $2, $3, $4, 'waiting', 0, $5, $6 where not exists (select 1 from job where key = $2);

-- name: take_due
-- Due jobs, marked as running.
update job set state = 'running'
where id in (select id from job where state = 'waiting' and run_us <= $1 order by run_us, id limit $2)
returning id, key, name, args, attempts;

-- name: remove
-- A job that is done leaves nothing behind.
delete from job where id = $1;

-- name: remove_key
-- A job that is not wanted any more.
delete from job where key = $1;

-- name: retry
-- A job that failed runs again later.
update job set state = $2, attempts = attempts + 1, last_error = $3, run_us = $4 where id = $1;

-- name: recover
-- What a crash interrupted is due again.
update job set state = 'waiting' where state = 'running';

-- name: unended
-- Jobs that were begun, and whose end is not written.
select id, key, name, args, attempts from job where state = 'running';

-- name: any_due
-- Whether anything is due, or was begun and has no end.
select id from job where state = 'running' or (state = 'waiting' and run_us <= $1) limit 1;
