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

-- name: resume
-- It may be sent again.
update task set paused_us = null where id = $1;

-- name: edit
-- Another name or time of a task that did not begin.
update task set name = $2, scheduled_us = $3, due_us = $4 where id = $1;

-- name: resendable
-- Messages of a task (ids $2 to $3) in three states that did not arrive late, and that no repetition reached or may reach.
select m.row_number, m.msisdn, m.country, m.content, m.state
from message as m
where m.task_id = $1 and m.id between $2 and $3 and m.state in ($4, $5, $6)
  and (m.late_state is null or m.late_state <> 'delivered')
  and m.msisdn not in (
      select again.msisdn
      from task_origin as o
      join task as t on t.id = o.task_id
      join message as again on again.task_id = t.id
      where o.origin_id = $1 and again.id >= $2
        and (again.state not in ('failed', 'expired', 'cancelled') or again.late_state = 'delivered'))
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
