-- name: task
-- A task as its account ($2; null: any) may see it.
select id, first_message, recipients, cancelled from task
where id = $1 and (cast($2 as bigint) is null or account_id = $2);

-- name: waiting
-- What of a task (ids $2 to $3) was not handed over yet, and the credit it holds.
select count(*) as messages, cast(coalesce(sum(held_micro), 0) as bigint) as held_micro
from message where task_id = $1 and id between $2 and $3 and state = 'queued';

-- name: pause
-- From the next claim on nothing of it is handed over.
update task set paused_us = $2 where id = $1;

-- name: pause_unsent
-- Tasks of account $1 (null: of all), due by $2 (null: whenever), of which something was not handed over yet.
update task set paused_us = $3
where state in ('scheduled', 'queued', 'sending') and paused_us is null and not cancel_requested
  and (cast($1 as bigint) is null or account_id = $1) and (cast($2 as bigint) is null or due_us <= $2)
  and id in (select task_id from message where state = 'queued')
returning id, account_id, name;

-- name: resume
-- It may be sent again.
update task set paused_us = null where id = $1;

-- name: edit
-- Another name or time of a task that did not begin.
update task set name = $2, scheduled_us = $3, due_us = $4 where id = $1;

-- name: resendable
-- Messages of a task (ids $2 to $3) to people who did not opt out since, that did not arrive, also not late, were not
-- charged, and that no other task of its family (all that repeat it or that it repeats, over any number of steps) reached
-- or may yet reach. Those that may have arrived unheard are `uncertain`; $4 chooses (null: both).
with recursive family(id) as (
    select cast($1 as bigint)
    union
    select case when o.origin_id = f.id then o.task_id else o.origin_id end
    from task_origin as o join family as f on f.id in (o.origin_id, o.task_id)
)
select m.row_number, m.msisdn, m.country, m.content, m.state, m.uncertain
from (
    select *, state = 'in_doubt' or (state = 'expired' and coalesce(reason, 'no_receipt') = 'no_receipt') as uncertain
    from message
    where task_id = $1 and id between $2 and $3 and state in ('failed', 'expired', 'in_doubt') and charged_micro = 0
      and (late_state is null or late_state <> 'delivered')
) as m
where (cast($4 as boolean) is null or m.uncertain = $4)
  and m.msisdn not in (select msisdn from opt_out where account_id = m.account_id)
  and m.msisdn not in (
      select again.msisdn from message as again
      where again.task_id in (select id from family where id <> $1)
        and (again.state not in ('failed', 'expired', 'cancelled') or again.late_state = 'delivered'
            or (again.id > $3 and again.state = 'expired' and coalesce(again.reason, 'no_receipt') = 'no_receipt')))
order by m.id;

-- name: link_origin
-- What a task repeats.
insert into task_origin (task_id, origin_id, which, created_us) values ($1, $2, $3, $4);

-- name: origin
-- What a task repeats, and how it is called.
select o.origin_id, o.which, t.name from task_origin as o join task as t on t.id = o.origin_id where o.task_id = $1;

-- name: repetitions
-- The tasks that repeat a task, oldest first.
select o.task_id, o.which, o.created_us, t.name, t.recipients, t.delivered, t.state
from task_origin as o join task as t on t.id = o.task_id where o.origin_id = $1 order by o.task_id;

-- name: recipients
-- Everybody a task (ids $2 to $3) was for.
select row_number, msisdn, country, content from message where task_id = $1 and id between $2 and $3 order by id;
